/** `npm run bench -- <scenario>`: starts what is measured, loads it in turns, prints and stores the figures. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchEnv } from './env.js';
import { startFloor } from './fleet/floor.js';
import { checkout, Servers, startTarget } from './fleet/servers.js';
import type { MeasuredSystem } from './fleet/system.js';
import { figuresOf, measureRound, type Round } from './measure/round.js';
import { parseOptions, type BenchOptions, type DirectOptions, type SystemName } from './options.js';
import { levelOf, machine, printLevel, storeReport, type Level, type Report } from './report.js';
import { scenarios } from './scenarios.js';

function optionsOrExit(): BenchOptions | DirectOptions {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

async function startSystem(
  name: SystemName,
  dir: string,
  options: BenchOptions,
  target: string,
): Promise<MeasuredSystem[]> {
  const own = join(dir, name);
  if (name === 'floor') return [await startFloor(own, options.scenario, target)];
  const { startMillrace } = await import('./fleet/millrace.js');
  return startMillrace(own, options.scenario, target, {
    name,
    traced: name === 'traced',
    profileDir: options.profileDir,
  });
}

/** Between a system's rounds nothing gets cold that a second would not warm again. */
const rewarmSeconds = 1;

/** Systems take turns, so that a slow minute of the machine hits all of them. */
async function measureLevel(systems: MeasuredSystem[], inFlight: number, options: BenchOptions): Promise<Level> {
  const rounds = new Map<string, Round[]>(systems.map(({ name }) => [name, []]));
  for (let turn = 0; turn < options.rounds; turn++) {
    const warmupSeconds = turn === 0 ? options.warmupSeconds : Math.min(options.warmupSeconds, rewarmSeconds);
    for (const system of systems) {
      rounds.get(system.name)?.push(await measureRound(system, { ...options, warmupSeconds, inFlight }));
    }
  }
  const { beside } = scenarios[options.scenario];
  return levelOf(inFlight, beside, Object.fromEntries([...rounds].map(([name, of]) => [name, figuresOf(of)])));
}

async function runSystems(options: BenchOptions): Promise<void> {
  const { scenario, seconds, warmupSeconds, rounds, note } = options;
  const dir = benchEnv.dataDir ?? (await mkdtemp(join(tmpdir(), 'millrace-bench-')));
  const shared = new Servers(join(dir, 'target'));
  const systems: MeasuredSystem[] = [];
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  try {
    const target = await startTarget(shared);
    for (const name of options.systems) systems.push(...(await startSystem(name, dir, options, target)));
    say(`${scenario}: ${scenarios[scenario].work}`);
    const levels: Level[] = [];
    for (const inFlight of options.inFlight) {
      const level = await measureLevel(systems, inFlight, options);
      levels.push(level);
      say(printLevel(level));
    }
    const report: Report = {
      scenario,
      work: scenarios[scenario].work,
      date: new Date().toISOString(),
      note,
      machine: machine(),
      options: { seconds, warmupSeconds, rounds },
      levels,
    };
    if (note !== undefined) say(`stored: ${await storeReport(join(checkout, 'apps/bench/results'), report)}`);
    if (options.json) say(JSON.stringify(report));
  } finally {
    for (const system of systems) await system.stop();
    await shared.stop();
    if (benchEnv.dataDir === undefined) await rm(dir, { recursive: true, force: true });
  }
}

const options = optionsOrExit();
if ('direct' in options) await (await import('./direct/run.js')).runDirect(options);
else await runSystems(options);

import type { MeasuredSystem } from '../fleet/system.js';
import type { LoadPlan, LoadResult } from '../load/plan.js';
import { runLoad } from '../load/run-load.js';
import { readUsage, type ProcessUsage } from './processes.js';
import { readRedis, type RedisUsage } from './redis.js';
import { latencies, round, type Latencies } from './statistics.js';

/** One system under one load, measured once or (merged) several times. */
export interface Round {
  load: LoadResult;
  cpuMs: Record<string, number>;
  rssMiB: Record<string, number>;
  redisCommands: Record<string, number>;
  redisBytes: number;
  statements: number | undefined;
}

interface Snapshot {
  usage: Record<string, ProcessUsage>;
  redis: RedisUsage;
  statements: number | undefined;
}

/**
 * Warms up, loads for the time planned, and counts what it cost; the cost includes the work that
 * goes on after the answers. @throws when an answer is wrong.
 */
export async function measureRound(
  system: MeasuredSystem,
  plan: Omit<LoadPlan, 'url' | 'headers' | 'scenario'>,
): Promise<Round> {
  let before: Snapshot | undefined;
  const load = await runLoad(
    { ...plan, scenario: system.scenario, url: system.url, headers: system.headers },
    async () => {
      await system.settled();
      before = await snapshot(system);
    },
  );
  await system.settled();
  const after = await snapshot(system);
  if (load.wrong > 0)
    throw new Error(`${system.name}: ${load.wrong} wrong answers, such as\n${load.examples.join('\n')}`);
  if (!before) throw new Error('the load process never warmed up');
  return difference(before, after, load);
}

async function snapshot(system: MeasuredSystem): Promise<Snapshot> {
  return {
    statements: await system.statements?.(),
    redis: await readRedis(system.redis),
    usage: readUsage(system.processes),
  };
}

function difference(before: Snapshot, after: Snapshot, load: LoadResult): Round {
  const names = Object.keys(after.usage);
  const of = (value: (name: string) => number): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const redisCommands = Object.entries(after.redis.commands)
    .map(([name, calls]) => [name, calls - (before.redis.commands[name] ?? 0)] as const)
    .filter(([, calls]) => calls > 0);
  const { netInBytes, netOutBytes } = before.redis;
  return {
    load,
    cpuMs: of((name) => (after.usage[name]?.cpuMs ?? 0) - (before.usage[name]?.cpuMs ?? 0)),
    rssMiB: of((name) => after.usage[name]?.rssMiB ?? 0),
    redisCommands: Object.fromEntries(redisCommands),
    redisBytes: after.redis.netInBytes - netInBytes + after.redis.netOutBytes - netOutBytes,
    statements:
      before.statements === undefined || after.statements === undefined
        ? undefined
        : after.statements - before.statements,
  };
}

/** What is printed and stored about a system at one number of runs in flight. */
export interface Figures {
  runs: number;
  runsPerSecond: number;
  /** Lowest and highest round. */
  runsPerSecondRange: [number, number];
  latencyMs: Latencies;
  firstTextMs?: Latencies;
  cpuMsPerRun: Record<string, number> & { total: number };
  rssMiB: Record<string, number>;
  redisCommandsPerRun: number;
  redisCommands: Record<string, number>;
  redisBytesPerRun: number;
  postgresStatementsPerRun?: number;
}

/** Puts the rounds of one system together. */
export function figuresOf(rounds: readonly Round[]): Figures {
  const sum = (value: (round: Round) => number): number => rounds.reduce((total, one) => total + value(one), 0);
  const runs = sum(({ load }) => load.runs);
  const perRun = (value: (round: Round) => number, digits = 3): number => round(sum(value) / runs, digits);
  const speeds = rounds.map(({ load }) => round((load.runs * 1000) / load.elapsedMs, 1));
  const processes = Object.keys(rounds[0]?.cpuMs ?? {});
  const cpu = processes.map((name) => [name, perRun((one) => one.cpuMs[name] ?? 0)] as const);
  const commandNames = [...new Set(rounds.flatMap((one) => Object.keys(one.redisCommands)))];
  const commands = commandNames
    .map((name) => [name, perRun((one) => one.redisCommands[name] ?? 0, 2)] as const)
    .filter(([, calls]) => calls >= 0.01)
    .sort(([, a], [, b]) => b - a);
  const firstTextMs = rounds.flatMap(({ load }) => load.firstTextMs);
  return {
    runs,
    runsPerSecond: round((runs * 1000) / sum(({ load }) => load.elapsedMs), 1),
    runsPerSecondRange: [Math.min(...speeds), Math.max(...speeds)],
    latencyMs: latencies(rounds.flatMap(({ load }) => load.latenciesMs)),
    ...(firstTextMs.length > 0 && { firstTextMs: latencies(firstTextMs) }),
    cpuMsPerRun: {
      ...Object.fromEntries(cpu),
      total: round(
        cpu.reduce((total, [, ms]) => total + ms, 0),
        3,
      ),
    },
    rssMiB: Object.fromEntries(
      processes.map((name) => [name, Math.round(Math.max(...rounds.map((one) => one.rssMiB[name] ?? 0)))]),
    ),
    redisCommandsPerRun: round(
      commands.reduce((total, [, calls]) => total + calls, 0),
      1,
    ),
    redisCommands: Object.fromEntries(commands),
    redisBytesPerRun: perRun((one) => one.redisBytes, 0),
    ...(rounds[0]?.statements !== undefined && { postgresStatementsPerRun: perRun((one) => one.statements ?? 0, 2) }),
  };
}

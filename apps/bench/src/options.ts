import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  directNames,
  isDirectName,
  isScenarioName,
  scenarioNames,
  streamClients,
  type DirectName,
  type ScenarioName,
} from './scenarios.js';

interface CommonOptions {
  /** The last line of the output is one JSON object. */
  json: boolean;
  /** Length of one measured round, seconds. */
  seconds: number;
  warmupSeconds: number;
  /** Rounds per system and number in flight; systems take turns. */
  rounds: number;
  /** What changed since the last stored result; results are stored only with it. */
  note: string | undefined;
}

/** One node, measured in the bench's own process. */
export interface DirectOptions extends CommonOptions {
  direct: DirectName;
}

/** Whole systems under load. */
export interface BenchOptions extends CommonOptions {
  scenario: ScenarioName;
  inFlight: number[];
  /** Which systems run: the floor, Millrace, Millrace with tracing exported. */
  systems: SystemName[];
  /** Folder for CPU profiles of Millrace's services, which slow them down; absent = none. */
  profileDir: string | undefined;
}

export const systemNames = ['floor', 'millrace', 'traced'] as const;
export type SystemName = (typeof systemNames)[number];

export const usage = `npm run bench -- <${[...scenarioNames, ...directNames].join('|')}> [options]
  --json            last line is one JSON object
  --seconds N       length of a measured round (default 5; stream: 20)
  --warmup N        seconds of load before the first round (default 10)
  --rounds N        rounds per system, taking turns (default 5; stream: 2); cold starts of ${directNames.join(', ')}
  --inflight a,b    runs in flight (default 1,16,64; stream: ${streamClients})
  --systems a,b     of ${systemNames.join(',')} (default floor,millrace; traced = Millrace exporting its spans)
  --profile DIR     write CPU profiles of Millrace's services there (figures are worth little then)
                    (none of these three for ${directNames.join(', ')}, which run in one process)
  --note "…"        store the result in apps/bench/results with this line on what changed`;

/** @throws Error with the usage when the words make no sense. */
export function parseOptions(args: string[]): BenchOptions | DirectOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      warmup: { type: 'string', default: '10' },
      rounds: { type: 'string' },
      inflight: { type: 'string' },
      systems: { type: 'string' },
      note: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const [scenario = '', ...rest] = positionals;
  // A streamed run takes two seconds: in short rounds most would not come to their end.
  const [seconds, rounds] = scenario === 'stream' ? ['20', '2'] : ['5', '5'];
  const common: CommonOptions = {
    json: values.json,
    seconds: positive('seconds', values.seconds ?? seconds),
    warmupSeconds: positive('warmup', values.warmup),
    rounds: positive('rounds', values.rounds ?? rounds),
    note: values.note,
  };
  if (rest.length > 0) throw new Error(`Name one scenario.\n${usage}`);
  if (isDirectName(scenario)) {
    if (values.inflight ?? values.systems ?? values.profile)
      throw new Error(`${scenario} runs in one process: no --inflight, --systems, --profile.\n${usage}`);
    return { ...common, direct: scenario };
  }
  if (!isScenarioName(scenario)) throw new Error(`Name one scenario.\n${usage}`);
  return {
    ...common,
    scenario,
    inFlight: (values.inflight ?? (scenario === 'stream' ? String(streamClients) : '1,16,64'))
      .split(',')
      .map((text) => positive('inflight', text)),
    systems: (values.systems ?? 'floor,millrace').split(',').map(parseSystem),
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}".\n${usage}`);
  return value;
}

function parseSystem(text: string): SystemName {
  const name = systemNames.find((one) => one === text);
  if (!name) throw new Error(`There is no system "${text}".\n${usage}`);
  return name;
}

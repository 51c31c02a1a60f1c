import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Figures } from './measure/round.js';
import { round } from './measure/statistics.js';
import type { BenchOptions } from './options.js';

/** Figures of all systems at one number of runs in flight. */
export interface Level {
  inFlight: number;
  systems: Record<string, Figures>;
  /** Against the floor of the same run. */
  ratios: Record<string, Ratio>;
  /** Against the scenario that the same fleet ran in turns with this one. */
  besideRatios?: Record<string, Ratio>;
}

export interface Ratio {
  throughput: number;
  cpuPerRun: number;
  p50: number;
}

export interface Report {
  scenario: string;
  work: string;
  date: string;
  note: string | undefined;
  machine: { cpu: string; cores: number; memoryGiB: number; platform: string; node: string };
  options: Pick<BenchOptions, 'seconds' | 'warmupSeconds' | 'rounds'>;
  levels: Level[];
}

export const machine = (): Report['machine'] => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform}-${process.arch}`,
  node: process.version,
});

/** @param beside the scenario that each fleet ran in turns with its own */
export function levelOf(inFlight: number, beside: string | undefined, systems: Record<string, Figures>): Level {
  const ratiosTo = (baseOf: (name: string) => string): Record<string, Ratio> =>
    Object.fromEntries(
      Object.entries(systems).flatMap(([name, figures]) => {
        const base = systems[baseOf(name)];
        return base && base !== figures ? [[name, ratioOf(figures, base)] as const] : [];
      }),
    );
  return {
    inFlight,
    systems,
    ratios: ratiosTo(() => 'floor'),
    ...(beside !== undefined && { besideRatios: ratiosTo((name) => `${name}:${beside}`) }),
  };
}

const ratioOf = (figures: Figures, base: Figures): Ratio => ({
  throughput: round(figures.runsPerSecond / base.runsPerSecond, 3),
  cpuPerRun: round(figures.cpuMsPerRun.total / base.cpuMsPerRun.total, 2),
  p50: round(figures.latencyMs.p50 / base.latencyMs.p50, 2),
});

/** The level as lines for people. */
export function printLevel({ inFlight, systems, ratios, besideRatios }: Level): string {
  const lines = Object.entries(systems).flatMap(([name, figures]) => {
    const { p50, p95, p99 } = figures.latencyMs;
    const [low, high] = figures.runsPerSecondRange;
    return [
      `  ${name}: ${figures.runsPerSecond} runs/s (${low}–${high}), p50 ${p50} p95 ${p95} p99 ${p99} ms, ${figures.runs} runs, all right`,
      ...(figures.firstTextMs
        ? [`    first text p50 ${figures.firstTextMs.p50} p99 ${figures.firstTextMs.p99} ms`]
        : []),
      `    CPU ms a run: ${pairs(figures.cpuMsPerRun)}`,
      `    RSS MiB: ${pairs(figures.rssMiB)}`,
      `    a run: ${figures.redisCommandsPerRun} Redis commands, ${figures.redisBytesPerRun} Redis bytes` +
        (figures.postgresStatementsPerRun === undefined
          ? ''
          : `, ${figures.postgresStatementsPerRun} Postgres statements`),
      ...against('the floor', ratios[name]),
      ...against(`${name} on the scenario beside`, besideRatios?.[name]),
    ];
  });
  return [`${inFlight} in flight`, ...lines].join('\n');
}

const against = (other: string, ratio: Ratio | undefined): string[] =>
  ratio
    ? [`    against ${other}: throughput × ${ratio.throughput}, CPU a run × ${ratio.cpuPerRun}, p50 × ${ratio.p50}`]
    : [];

const pairs = (values: Record<string, number>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** Stores a report in the tree; answers its file. */
export async function storeReport(dir: string, report: Pick<Report, 'scenario' | 'date'>): Promise<string> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, `${report.date.slice(0, 16).replace(':', '')}-${report.scenario}.json`);
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

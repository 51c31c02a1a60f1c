import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, Servers, startTarget } from '../fleet/servers.js';
import type { DirectOptions } from '../options.js';
import { machine, storeReport } from '../report.js';
import { measureDirect, type DirectFigures, type WindowFigures } from './measure.js';
import { directScenarios } from './scenarios.js';

/** Measures a node's executor in this process, without queue and stores, and prints the figures. */
export async function runDirect({ direct, json, note, ...plan }: DirectOptions): Promise<void> {
  const scenario = directScenarios[direct];
  const { work } = scenario;
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const servers = new Servers(dir);
  try {
    const figures = await measureDirect(
      scenario.open({ target: await startTarget(servers), dir: join(dir, 'cache') }),
      plan,
    );
    const { seconds, warmupSeconds, rounds } = plan;
    const report = {
      scenario: direct,
      work,
      date: new Date().toISOString(),
      note,
      machine: machine(),
      options: { seconds, warmupSeconds, rounds },
      figures,
    };
    console.log([`${direct}: ${work}`, ...lines(figures)].join('\n'));
    if (note !== undefined) console.log(`stored: ${await storeReport(join(checkout, 'apps/bench/results'), report)}`);
    if (json) console.log(JSON.stringify(report));
  } finally {
    await servers.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

const line = (name: string, { calls, callsPerSecond, latencyMs: { p50, p95, p99 }, cpuMsPerCall }: WindowFigures) =>
  `  ${name}: p50 ${p50} p95 ${p95} p99 ${p99} ms, ${callsPerSecond} calls/s, CPU ms a call ${cpuMsPerCall}, ${calls} calls, all right`;

const lines = ({ coldMs, oneTenant, twoTenants, helpers }: DirectFigures): string[] => [
  `  cold: ${coldMs.join(', ')} ms`,
  line('warm, one tenant', oneTenant),
  line('warm, two tenants in turns', twoTenants),
  ...(helpers
    ? [
        `  helper process: ${helpers.rssMiB} MiB with one interpreter, ${helpers.rssMiBPerInterpreter} MiB for each more`,
      ]
    : []),
];

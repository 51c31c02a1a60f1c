import { readUsage } from '../measure/processes.js';
import { latencies, round, type Latencies } from '../measure/statistics.js';
import type { OpenSubject, Subject } from './subject.js';

/** Calls one after the other for some time. */
export interface WindowFigures {
  calls: number;
  callsPerSecond: number;
  latencyMs: Latencies;
  /** User and system time of this process and its helpers. */
  cpuMsPerCall: number;
}

export interface DirectFigures {
  /** From nothing to the first answer, once per round. The first one also loads our code and makes Python's snapshot. */
  coldMs: number[];
  oneTenant: WindowFigures;
  /** Two tenants take turns, so that no call finds what it left. */
  twoTenants: WindowFigures;
  /** Of helper processes, where there are any. */
  helpers?: { rssMiB: number; rssMiBPerInterpreter: number };
}

export interface DirectPlan {
  seconds: number;
  warmupSeconds: number;
  rounds: number;
}

export async function measureDirect(open: OpenSubject, plan: DirectPlan): Promise<DirectFigures> {
  const coldMs: number[] = [];
  for (let each = 0; each < plan.rounds; each++) coldMs.push(await measureCold(open));
  const subject = await open();
  try {
    await window(subject, ['a'], plan.warmupSeconds);
    const oneTenant = await window(subject, ['a'], plan.seconds);
    await window(subject, ['a', 'b'], plan.warmupSeconds);
    const twoTenants = await window(subject, ['a', 'b'], plan.seconds);
    const helpers = subject.interpreters === undefined ? undefined : await measureHelpers(open);
    return { coldMs, oneTenant, twoTenants, ...(helpers && { helpers }) };
  } finally {
    await subject.close();
  }
}

async function measureCold(open: OpenSubject): Promise<number> {
  const startedAt = performance.now();
  const subject = await open();
  await subject.call('a');
  const tookMs = performance.now() - startedAt;
  await subject.close();
  return round(tookMs, 2);
}

async function window(subject: Subject, tenants: readonly string[], seconds: number): Promise<WindowFigures> {
  const times: number[] = [];
  const cpuBefore = usage().cpuMs;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  for (let now = startedAt; now < until;) {
    await subject.call(tenants[times.length % tenants.length] ?? '');
    const end = performance.now();
    times.push(end - now);
    now = end;
  }
  return {
    calls: times.length,
    callsPerSecond: round((times.length * 1000) / (performance.now() - startedAt), 1),
    latencyMs: latencies(times, 4),
    cpuMsPerCall: round((usage().cpuMs - cpuBefore) / times.length, 4),
  };
}

/** Memory with one interpreter and with five that have all worked. */
async function measureHelpers(open: OpenSubject): Promise<DirectFigures['helpers']> {
  const [few, many] = [1, 5];
  const rss = async (interpreters: number): Promise<number> => {
    const before = helpersMiB();
    const subject = await open(interpreters);
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all(Array.from({ length: interpreters }, (_, i) => subject.call(`tenant-${i}`)));
    }
    const grown = helpersMiB() - before;
    await subject.close();
    return grown;
  };
  const [one, five] = [await rss(few), await rss(many)];
  return { rssMiB: round(one, 0), rssMiBPerInterpreter: round((five - one) / (many - few), 1) };
}

function usage() {
  const { all } = readUsage({ all: process.pid });
  if (!all) throw new Error('this process is gone');
  return all;
}

const helpersMiB = (): number => usage().rssMiB - process.memoryUsage().rss / 2 ** 20;

import { readdirSync, readFileSync } from 'node:fs';

/** Processes to measure, by the name they are reported under. */
export type Watched = Record<string, number>;

export interface ProcessUsage {
  /** CPU time since the process began, user and system, with its dead children, ms. */
  cpuMs: number;
  /** Resident memory, MiB; of a group of processes the sum. */
  rssMiB: number;
}

// Linux counts CPU in ticks of 1/100 s on every architecture that Node runs on.
const msPerTick = 10;

/** Usage by name; each entry includes all descendants (PostgreSQL is a family of processes). */
export function readUsage(watched: Watched): Record<string, ProcessUsage> {
  const all = readProcesses();
  return Object.fromEntries(Object.entries(watched).map(([name, pid]) => [name, sumFamily(pid, all)]));
}

interface Stat extends ProcessUsage {
  pid: number;
  parent: number;
  /** CPU of children that have ended and were waited for. */
  deadChildrenMs: number;
}

function sumFamily(pid: number, all: Map<number, Stat>): ProcessUsage {
  const own = all.get(pid);
  if (!own) throw new Error(`process ${pid} is gone`);
  const sum = { cpuMs: own.cpuMs + own.deadChildrenMs, rssMiB: own.rssMiB };
  for (const child of all.values()) {
    if (child.parent !== pid) continue;
    const family = sumFamily(child.pid, all);
    sum.cpuMs += family.cpuMs;
    sum.rssMiB += family.rssMiB;
  }
  return sum;
}

function readProcesses(): Map<number, Stat> {
  const found = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat) found.set(stat.pid, stat);
  }
  return found;
}

function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it ended meanwhile
  }
  // Fields after the name in parentheses, from the third on (proc(5)).
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return {
    pid,
    parent: field(4),
    cpuMs: (field(14) + field(15)) * msPerTick,
    deadChildrenMs: (field(16) + field(17)) * msPerTick,
    rssMiB: (field(24) * 4096) / 2 ** 20,
  };
}

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { wholeEnv } from './env.js';
import { signalProcess } from './process-identity.js';
import { forgetChild, watchChild } from './watchdog.js';

export interface ChildOptions {
  command: string;
  args: string[];
  env?: Record<string, string | undefined>;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Both output streams are appended here. */
  logFile: string;
  /** Asks the process to end in order. */
  stopSignal: NodeJS.Signals;
  /** Order among the children when this process dies: lower phases end first. */
  phase: number;
}

/** A child process of its own process group, so that Ctrl-C in a terminal reaches only its parent. */
export interface Child {
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the process is gone. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly running: boolean;
  kill(signal: NodeJS.Signals): void;
  /** Stop signal, then SIGKILL after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/** Starts a child. @throws when the command cannot be executed. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', log, log],
    detached: true,
    cwd: options.cwd ?? '/',
    env: options.env ?? wholeEnv(),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(log);
  const exited = exitOf(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} did not start.`);
  watchChild(pid, options.stopSignal, options.phase);

  const running = () => child.exitCode === null && child.signalCode === null;
  void exited.then(() => {
    forgetChild(pid);
  });
  const kill = (signal: NodeJS.Signals) => {
    if (running()) signalProcess(pid, signal);
  };
  return {
    pid,
    logFile: options.logFile,
    exited,
    get running() {
      return running();
    },
    kill,
    async stop(timeoutMs) {
      if (!running()) return;
      kill(options.stopSignal);
      const timer = setTimeout(() => {
        kill('SIGKILL');
      }, timeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function exitOf(child: ChildProcess): Child['exited'] {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

/** The last lines of a log, for error messages. */
export async function logTail(logFile: string, lines = 15): Promise<string> {
  const text = await readFile(logFile, 'utf8');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * Repeats `probe` until it resolves to true.
 * @throws with the end of the child's log when it exits first or `timeoutMs` have passed.
 */
export async function waitForChild(
  name: string,
  child: Child,
  probe: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await probe())) {
    const problem = !child.running
      ? 'ended during its start'
      : Date.now() > until
        ? `was not ready after ${timeoutMs / 1000} s`
        : undefined;
    if (problem) throw new Error(`${name} ${problem}. The end of ${child.logFile}:\n${await logTail(child.logFile)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

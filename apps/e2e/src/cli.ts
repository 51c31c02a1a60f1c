import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';
import { inheritedEnv } from './env.js';

/** How a command ended, and all that it said. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A `millrace` that runs. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output or error holds a text; rejects when the command ends without it. */
  said(text: string): Promise<void>;
}

/** Starts the real binary with nothing but the given settings in its environment. */
export function startCli(args: readonly string[], env: Record<string, string>, stdin?: string): RunningCli {
  const child = spawn(process.execPath, [join(repositoryRoot, 'apps/cli/bin/millrace.mjs'), ...args], {
    env: { ...inheritedEnv(), ...env },
    cwd: env['HOME'] ?? repositoryRoot,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const look of waiting) look();
    });
  }
  // A command that does not read is not asked to.
  child.stdin.on('error', () => undefined).end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.stdout.includes(text) && !output.stderr.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(
          () => reject(new Error(`ended without "${text}":\n${output.stdout}\n${output.stderr}`)),
          reject,
        );
      }),
  };
}

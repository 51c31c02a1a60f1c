import { styleText } from 'node:util';
import type { Command } from 'commander';
import { inheritedEnv } from '../env.js';
import { runDoctor } from './main.js';
import { renderOutcomes, type PaintStatus } from './render.js';

const colours = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const;
/** `styleText` leaves colours out where the stream is no terminal. */
const paint: PaintStatus = (status, text) => styleText(colours[status], text, { stream: process.stdout });

/** `millrace doctor`: exit code 1 when something would keep Millrace from working. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at PostgreSQL, Redis, keys, ports, disk and sandbox as the services would find them, and say what to do',
    )
    .option('--no-sandbox', 'leave out running code, which takes some seconds')
    .addHelpText(
      'after',
      `
Reads the settings that a service would read, in the environment.

Examples:
  $ millrace doctor
  $ DATABASE_URL=postgres://… REDIS_URL=redis://… millrace doctor --json`,
    )
    .action(async ({ sandbox }: { sandbox: boolean }) => {
      const { json, url } = program.opts<{ json?: boolean; url?: string }>();
      const env = inheritedEnv();
      const report = await runDoctor({ env: url === undefined ? env : { ...env, MILLRACE_URL: url }, sandbox });
      process.stdout.write(`${json ? JSON.stringify(report) : renderOutcomes(report.outcomes, paint)}\n`);
      if (!report.ok) process.exitCode = 1;
    });
}

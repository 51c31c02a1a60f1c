import type { Command } from 'commander';
import { createStore, type RotatedTable } from '@millrace/store';
import { rotationEnv } from '../env.js';

/** `millrace secrets rotate` (docs/secrets.md): exit code 1 when there are secrets that no key opens. */
export function addSecrets(program: Command): void {
  program
    .command('secrets')
    .description('secrets at rest; needs DATABASE_URL, MILLRACE_SECRET_KEY and MILLRACE_SECRET_KEY_PREVIOUS')
    .command('rotate')
    .description('seal everything anew with MILLRACE_SECRET_KEY; services may run meanwhile, and it may be repeated')
    .option('--accept-loss', 'let go of secrets that no key opens', false)
    .addHelpText(
      'after',
      `
Examples:
  $ MILLRACE_SECRET_KEY=new MILLRACE_SECRET_KEY_PREVIOUS=old DATABASE_URL=postgres://… millrace secrets rotate`,
    )
    .action(async ({ acceptLoss }: { acceptLoss: boolean }) => {
      const env = rotationEnv();
      const store = createStore({
        databaseUrl: env.DATABASE_URL,
        secretKey: env.MILLRACE_SECRET_KEY,
        olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS,
        timeoutMs: 30_000,
      });
      try {
        const tables = await store.rotation.rotate({ acceptLoss });
        const done = (await store.secretCheck.state()) === 'current';
        const { json } = program.opts<{ json?: boolean }>();
        process.stdout.write(`${json ? JSON.stringify({ done, tables }) : render(tables, done)}\n`);
        if (!done) process.exitCode = 1;
      } finally {
        await store.close();
      }
    });
}

function render(tables: readonly RotatedTable[], done: boolean): string {
  const lines = tables.flatMap(({ table, resealed, unreadable }) => [
    `${table}: ${resealed} sealed anew${unreadable.length > 0 ? `, ${unreadable.length} that no key opens:` : ''}`,
    ...unreadable.map((id) => `  ${id}`),
  ]);
  const last = done
    ? 'Done: nothing needs the earlier keys any more. Take them out of MILLRACE_SECRET_KEY_PREVIOUS.'
    : 'Not done: name the key of the secrets listed above in MILLRACE_SECRET_KEY_PREVIOUS, or let them go with --accept-loss.';
  return [...lines, last].join('\n');
}

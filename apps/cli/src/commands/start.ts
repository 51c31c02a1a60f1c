import type { Command } from 'commander';

/** `millrace start`: what `npm start` does. */
export function addStart(program: Command): void {
  program
    .command('start')
    .description('bring up everything on this machine, as npm start does, and stay in the foreground')
    .addHelpText(
      'after',
      `
PostgreSQL, Redis, gateway, worker and recorder start in one data directory (MILLRACE_DATA_DIR, default ./.millrace).
When all is up, one line of JSON names the address and the keys. Ctrl-C ends everything in order.

Examples:
  $ millrace start
  $ PORT=9000 MILLRACE_DATA_DIR=/var/tmp/mill millrace start`,
    )
    .action(async () => {
      await import(new URL('../../../../scripts/start.mjs', import.meta.url).href);
    });
}

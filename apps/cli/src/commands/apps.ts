import type { Command } from 'commander';
import type { Context } from '../context.js';
import { tableLines } from '../render/table.js';
import { timeText } from '../render/texts.js';

/** `millrace apps`: what there is to run. */
export function addApps(program: Command, context: Context): void {
  program
    .command('apps')
    .description('list the apps of the tenant')
    .addHelpText('after', '\nExamples:\n  $ millrace apps\n  $ millrace apps --json | jq -r ".data[].id"')
    .action(async () => {
      const apps = await (await context.console()).listApps();
      context.print({ data: apps }, () =>
        tableLines(
          [
            { title: 'ID', value: ({ id }) => id },
            { title: 'NAME', value: ({ name }) => name, shrinks: true },
            { title: 'API', value: ({ enable_api: enabled }) => (enabled ? 'on' : 'off') },
            { title: 'CREATED (UTC)', value: ({ created_at: seconds }) => timeText(seconds) },
          ],
          apps,
          context.width,
          context.paint,
        ),
      );
    });
}

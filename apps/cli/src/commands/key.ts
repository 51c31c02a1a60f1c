import type { Command } from 'commander';
import type { Context } from '../context.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { tableLines } from '../render/table.js';
import { timeText } from '../render/texts.js';

/** `millrace key list|create|delete`. */
export function addKey(program: Command, context: Context): void {
  const key = program.command('key').description('API keys of an app');

  key
    .command('list')
    .argument('<app>', 'app by id or name')
    .description('list the keys, as they are')
    .addHelpText('after', '\nExamples:\n  $ millrace key list Translate')
    .action(async (named: string) => {
      const app = await context.app(named);
      const keys = await (await context.console()).listKeys(app.id);
      context.print({ data: keys }, () =>
        tableLines(
          [
            { title: 'ID', value: ({ id }) => id },
            { title: 'KEY', value: ({ token }) => token },
            { title: 'CREATED (UTC)', value: ({ created_at: seconds }) => timeText(seconds) },
            { title: 'LAST USED (UTC)', value: ({ last_used_at: seconds }) => (seconds ? timeText(seconds) : '') },
          ],
          keys,
          context.width,
          context.paint,
        ),
      );
    });

  key
    .command('create')
    .argument('<app>', 'app by id or name')
    .description('create a key and print it')
    .addHelpText('after', '\nExamples:\n  $ export MILLRACE_API_KEY=$(millrace key create Translate)')
    .action(async (named: string) => {
      const app = await context.app(named);
      const created = await (await context.console()).createKey(app.id);
      context.print(created, () => [created.token]);
    });

  key
    .command('delete')
    .argument('<app>', 'app by id or name')
    .argument('<key>', 'id of the key, or the key itself')
    .description('delete a key; it stops working within 5 s')
    .addHelpText('after', '\nExamples:\n  $ millrace key delete Translate 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90')
    .action(async (named: string, which: string) => {
      const app = await context.app(named);
      const api = await context.console();
      const found = (await api.listKeys(app.id)).find(({ id, token }) => which === id || which === token);
      if (!found) throw new CliError(exitCodes.refused, `The app ${app.name} has no such key.`);
      await api.deleteKey(app.id, found.id);
      context.print({ deleted: found.id }, () => [`deleted ${found.id}`]);
    });
}

import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Context } from '../context.js';
import { namedVariable } from '../env.js';
import { usageError } from '../exit-codes.js';
import { addAssignment, type Assignment } from '../inputs/assignments.js';
import { tableLines } from '../render/table.js';

/** `millrace provider set|list`. */
export function addProvider(program: Command, context: Context): void {
  const provider = program.command('provider').description('model providers of the tenant');

  provider
    .command('set')
    .argument('<provider>', "as a workflow names it: 'openai', 'langgenius/anthropic/anthropic', …")
    .argument('<field=value...>', "credentials; 'env:NAME' reads a variable, '-' standard input", addAssignment)
    .description("save a provider's credentials; nobody is called")
    .addHelpText(
      'after',
      `
Fields are api_key and base_url, or Dify's own names. Credentials are encrypted and never shown again. A key on the
command line can be seen by others on this machine: prefer env: or standard input.

Examples:
  $ millrace provider set openai api_key=env:OPENAI_API_KEY
  $ millrace provider set openai api_key=- < key.txt
  $ millrace provider set openai_api_compatible api_key=none base_url=http://127.0.0.1:11434/v1`,
    )
    .action(async (name: string, given: Assignment[]) => {
      const credentials: Record<string, string> = {};
      for (const { name: field, value } of given) credentials[field] = await secretOf(field, value);
      await (await context.console()).saveCredentials(name, credentials);
      context.print({ provider: name, fields: Object.keys(credentials) }, () => [
        `saved ${name}: ${Object.keys(credentials).join(', ')}`,
      ]);
    });

  provider
    .command('list')
    .description('list the providers that have credentials')
    .addHelpText('after', '\nExamples:\n  $ millrace provider list')
    .action(async () => {
      const providers = await (await context.console()).listProviders();
      context.print({ data: providers }, () =>
        tableLines([{ title: 'PROVIDER', value: (each) => each.provider }], providers, context.width, context.paint),
      );
    });
}

async function secretOf(field: string, value: string): Promise<string> {
  if (value === '-') return (await readAll(process.stdin)).trim();
  if (!value.startsWith('env:')) return value;
  const found = namedVariable(value.slice(4));
  if (found !== undefined) return found;
  throw usageError(`${field}: the variable ${value.slice(4)} is not set.`);
}

import { type Command, InvalidArgumentError } from 'commander';
import { limitNames, type Limits, type Tenant } from '../api/shapes.js';
import type { Context } from '../context.js';
import { CliError, exitCodes, usageError } from '../exit-codes.js';
import { tableLines } from '../render/table.js';

type LimitOptions = Partial<Record<(typeof limitNames)[number], number | 'none'>>;

const limitFlags: Record<(typeof limitNames)[number], [flag: string, what: string]> = {
  maxConcurrentRuns: ['--max-concurrent-runs <n>', 'runs at a time'],
  maxQueuedRuns: ['--max-queued-runs <n>', 'runs that may wait'],
  runsPerMinute: ['--runs-per-minute <n>', 'runs accepted in a minute'],
  weight: ['--weight <n>', 'share of the fleet beside other tenants'],
};

/** `millrace tenant create|list|limits`. */
export function addTenant(program: Command, context: Context): void {
  const tenant = program.command('tenant').description('tenants of the installation (admin key only)');

  withLimits(tenant.command('create').argument('<name>').description('create a tenant and print its console key'), '')
    .addHelpText(
      'after',
      `
The console key is shown here and never again; as MILLRACE_ADMIN_KEY it acts on this tenant alone.

Examples:
  $ millrace tenant create Acme --max-concurrent-runs 50`,
    )
    .action(async (name: string, options: LimitOptions) => {
      const limits = changed({}, options);
      const created = await (await context.console()).createTenant({ name, limits });
      context.print(created, () => [`tenant ${created.id}`, `console key ${created.consoleKey ?? ''}`]);
    });

  tenant
    .command('list')
    .description('list the tenants and their limits')
    .addHelpText('after', '\nExamples:\n  $ millrace tenant list')
    .action(async () => {
      const tenants = await (await context.console()).listTenants();
      context.print({ data: tenants }, () => tenantLines(tenants, context));
    });

  withLimits(
    tenant.command('limits').argument('<tenant>', 'tenant by id or name').description('show or change limits'),
    "; 'none' lifts the limit",
  )
    .addHelpText(
      'after',
      `
Limits that are not named stay as they are.

Examples:
  $ millrace tenant limits Acme
  $ millrace tenant limits Acme --runs-per-minute 600 --max-queued-runs none`,
    )
    .action(async (named: string, options: LimitOptions) => {
      const api = await context.console();
      const found = oneOf(await api.listTenants(), named);
      const isChange = Object.keys(options).length > 0;
      const shown = isChange ? await api.setLimits(found.id, changed(found.limits, options)) : found;
      context.print(shown, () => tenantLines([shown], context));
    });
}

function withLimits(command: Command, more: string): Command {
  return limitNames.reduce((all, name) => {
    const [flag, what] = limitFlags[name];
    return all.option(flag, `${what}${more}`, parseLimit);
  }, command);
}

function parseLimit(text: string): number | 'none' {
  if (text === 'none') return 'none';
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number of at least 1, or 'none'.");
}

/** Limits with some of them changed: the server replaces all at once. */
export function changed(limits: Limits, change: LimitOptions): Limits {
  const merged = limitNames.flatMap((name) => {
    const value = change[name] ?? limits[name];
    return value === undefined || value === 'none' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(merged);
}

function oneOf(tenants: readonly Tenant[], named: string): Tenant {
  const found = tenants.filter(({ id, name }) => id === named.toLowerCase() || name === named);
  const [tenant] = found;
  if (!tenant) throw new CliError(exitCodes.refused, `There is no tenant ${named}; "millrace tenant list" lists them.`);
  if (found.length > 1) throw usageError(`${found.length} tenants are named ${named}: name one by its id.`);
  return tenant;
}

function tenantLines(tenants: readonly Tenant[], { width, paint }: Pick<Context, 'width' | 'paint'>): string[] {
  const limit = (name: (typeof limitNames)[number]) => ({
    title: { maxConcurrentRuns: 'RUNS', maxQueuedRuns: 'QUEUED', runsPerMinute: 'PER MINUTE', weight: 'WEIGHT' }[name],
    value: ({ limits }: Tenant) => String(limits[name] ?? ''),
    right: true,
  });
  return tableLines(
    [
      { title: 'ID', value: ({ id }: Tenant) => id },
      { title: 'NAME', value: ({ name }: Tenant) => name, shrinks: true },
      { title: 'STATUS', value: ({ status }: Tenant) => status },
      ...limitNames.map(limit),
    ],
    tenants,
    width,
    paint,
  );
}

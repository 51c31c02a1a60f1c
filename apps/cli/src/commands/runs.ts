import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConsoleApi, RunFilters } from '../api/console-api.js';
import type { RunRow } from '../api/shapes.js';
import type { Context } from '../context.js';
import { parseMoment } from '../inputs/moments.js';
import { statusStyle, tableLines, type Column } from '../render/table.js';
import { durationText, timeText } from '../render/texts.js';

interface RunsOptions {
  app?: string;
  status?: string;
  user?: string;
  since?: string;
  until?: string;
  trace?: string;
  before?: string;
  limit: number;
}

const statuses = ['running', 'succeeded', 'partial-succeeded', 'failed', 'stopped'];
const moment = (text: string): string => parseMoment(text, Date.now());

/** `millrace runs`. */
export function addRuns(program: Command, context: Context): void {
  program
    .command('runs')
    .description('list runs, newest first')
    .option('--app <app>', 'only of this app (id or name)')
    .addOption(new Option('--status <status>', 'only of this status').choices(statuses))
    .option('--user <user>', 'only of this user')
    .option('--since <time>', "only those from then on: a time, or '15m', '2h', '7d' ago", moment)
    .option('--until <time>', 'only those up to then', moment)
    .option('--trace <id>', 'the runs of a trace, by the id given or the OpenTelemetry id; other filters do not apply')
    .option('--before <run>', 'only those older than this run: the next page')
    .option('-n, --limit <number>', 'at most this many', parseCount, 20)
    .addHelpText(
      'after',
      `
Examples:
  $ millrace runs --status failed --since 1h
  $ millrace runs --app Translate --user me -n 50
  $ millrace runs --json | jq -r '.data[] | [.id, .status] | @tsv'`,
    )
    .action(async (options: RunsOptions) => {
      const api = await context.console();
      const page = await readRuns(api, options.limit, {
        app_id: options.app === undefined ? undefined : (await context.app(options.app)).id,
        status: options.status,
        created_by_end_user_session_id: options.user,
        created_at__after: options.since,
        created_at__before: options.until,
        trace_id: options.trace,
        last_id: options.before,
      });
      context.print(page, () => runLines(page, context));
    });
}

interface RunList {
  has_more: boolean;
  data: RunRow[];
}

/** Reads page by page until there are enough. */
async function readRuns(api: ConsoleApi, limit: number, filters: RunFilters): Promise<RunList> {
  const data: RunRow[] = [];
  for (let last = filters.last_id; ; last = data.at(-1)?.id) {
    const page = await api.recentRuns({ ...filters, last_id: last, limit: Math.min(100, limit - data.length) });
    data.push(...page.data);
    const enough = data.length >= limit || page.data.length === 0 || filters.trace_id !== undefined;
    if (enough || !page.has_more) return { has_more: page.has_more, data };
  }
}

const columns: Column<RunRow>[] = [
  { title: 'RUN', value: ({ id }) => id },
  { title: 'APP', value: ({ app_name: name, app_id: id }) => name ?? id, shrinks: true },
  { title: 'STATUS', value: ({ status }) => status, paint: ({ status }) => statusStyle(status) },
  { title: 'STARTED (UTC)', value: ({ created_at: seconds }) => timeText(seconds) },
  { title: 'TIME', value: (run) => (run.finished_at ? durationText(run.elapsed_time * 1000) : ''), right: true },
  { title: 'TOKENS', value: ({ total_tokens: tokens }) => (tokens > 0 ? String(tokens) : ''), right: true },
  { title: 'USER', value: ({ created_by_end_user: user }) => user?.session_id ?? '', shrinks: true },
];

function runLines({ has_more: more, data }: RunList, { width, paint }: Pick<Context, 'width' | 'paint'>): string[] {
  const last = data.at(-1);
  if (!last) return ['no runs'];
  return [
    ...tableLines(columns, data, width, paint),
    ...(more ? [paint('dim', `older ones: --before ${last.id}`)] : []),
  ];
}

function parseCount(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

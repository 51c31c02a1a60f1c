import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.js';
import { findRun } from '../find-run.js';
import { showRun } from '../follow/follow.js';

interface TailOptions {
  key?: string;
  user?: string;
  after?: string;
  stopOnInterrupt?: boolean;
}

/** `millrace tail RUN`. */
export function addTail(program: Command, context: Context): void {
  program
    .command('tail')
    .argument('<run>', 'run id or trace id (with --key: run id)')
    .description('follow a run from its first event to its end, whether it still runs or not')
    .option('--key <key>', 'API key of the app (MILLRACE_API_KEY); otherwise the admin key finds one')
    .option('--user <user>', 'the user of the run; needed with a key only (default: millrace-cli)')
    .option('--after <event id>', 'begin after this event', parseEventId)
    .option('--stop-on-interrupt', 'Ctrl-C stops the run instead of leaving it')
    .addHelpText(
      'after',
      `
A stream that breaks off is taken up again after its last event, on whichever gateway answers at MILLRACE_URL.
With --json each event is a line, its id in "event_id".

Examples:
  $ millrace tail 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90
  $ millrace tail 4bf92f3577b34da6a3ce929d0e0e4736 --json
  $ millrace tail 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90 --after 1-42`,
    )
    .action(async (named: string, options: TailOptions) => {
      const given = context.givenKey(options.key);
      const run = given === undefined ? await findRun(await context.console(), named) : undefined;
      const runId = run?.id ?? named;
      const user = options.user ?? run?.created_by_end_user?.session_id ?? 'millrace-cli';
      const watching = new AbortController();
      const api = context.service(given ?? (await context.keyOf(run?.app_id ?? '')), watching.signal);
      await showRun({
        runId,
        open: (after) => api.follow(runId, user, after),
        json: context.json,
        watching,
        ...(options.after === undefined ? {} : { after: options.after }),
        ...(options.stopOnInterrupt ? { stopOnInterrupt: () => stop(context, named) } : {}),
      });
    });
}

async function stop(context: Context, named: string): Promise<void> {
  const console = await context.console();
  const { app_id: appId, task_id: taskId } = await findRun(console, named);
  await console.stopTask(appId, taskId);
}

function parseEventId(text: string): string {
  if (/^\d+-\d+$/.test(text)) return text;
  throw new InvalidArgumentError("It must be an event's id such as 1-42.");
}

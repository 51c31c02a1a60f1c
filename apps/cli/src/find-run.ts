import { isUuid } from '@millrace/contracts';
import type { ConsoleApi } from './api/console-api.js';
import type { RunDetail } from './api/shapes.js';
import { CliError, exitCodes } from './exit-codes.js';
import { say } from './say.js';

/**
 * A run by its id or by its trace id; of several runs of a trace the newest.
 * @throws CliError (refused) when there is none
 */
export async function findRun(api: ConsoleApi, named: string): Promise<RunDetail> {
  const run = isUuid(named) ? await api.run(named.toLowerCase()) : undefined;
  if (run) return run;
  const { data, has_more: more } = await api.recentRuns({ trace_id: named, limit: 100 });
  const [newest, ...others] = data;
  const found = newest && (await api.run(newest.id));
  if (!found) throw new CliError(exitCodes.refused, `There is no run with the id or trace id ${named}.`);
  if (others.length > 0) {
    say(
      `${others.length}${more ? '+' : ''} more runs have this trace id: "millrace runs --trace ${named}" lists them.`,
    );
  }
  return found;
}

import type { Command } from 'commander';
import type { Context } from '../context.js';
import { findRun } from '../find-run.js';

/** `millrace stop RUN`. */
export function addStop(program: Command, context: Context): void {
  program
    .command('stop')
    .argument('<run>', 'run id or trace id')
    .description('stop a run, whoever started it; final at once')
    .addHelpText(
      'after',
      `
A run that is over stays as it ended; the exit code is 0 then as well.

Examples:
  $ millrace stop 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90`,
    )
    .action(async (named: string) => {
      const api = await context.console();
      const run = await findRun(api, named);
      if (run.finished_at) {
        return context.print({ id: run.id, status: run.status, stopped: false }, () => [
          `run ${run.id} is over already: ${run.status}`,
        ]);
      }
      await api.stopTask(run.app_id, run.task_id);
      const status = (await api.run(run.id))?.status ?? 'stopped';
      const stopped = status === 'stopped';
      context.print({ id: run.id, status, stopped }, () => [
        stopped ? `run ${run.id} is stopped` : `run ${run.id} ended before it was stopped: ${status}`,
      ]);
    });
}

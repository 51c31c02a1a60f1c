import type { DecideResult, RunContext, RunState } from '@millrace/contracts';
import { endUnstarted, type Finish } from './finish.js';
import type { RunStore } from './ports.js';

export interface StopRequest {
  tenantId: string;
  appId: string;
  taskId: string;
  user: string;
}

export interface StopDeps {
  state: RunState;
  finish: Finish;
  /** A run of this app by its task id, ended or not. */
  findTask: (
    tenantId: string,
    appId: string,
    taskId: string,
  ) => Promise<{ context: RunContext; ended: boolean } | undefined>;
  runs: RunStore;
}

/**
 * Stops a run. Final at once: the decision fences every token, nothing further starts.
 * `forbidden`: the task belongs to another user. `ended`: unknown or already over.
 */
export type Stop = (request: StopRequest) => Promise<'stopped' | 'ended' | 'forbidden'>;

const reason = 'Stopped by user.';

export function createStop({ state, finish, findTask, runs }: StopDeps): Stop {
  return async ({ tenantId, appId, taskId, user }) => {
    const task = await findTask(tenantId, appId, taskId);
    if (!task) return 'ended';
    if (task.context.user !== user) return 'forbidden';
    if (task.ended) return 'ended';
    const decide = async (): Promise<DecideResult['kind']> => {
      const { kind, decided } = await state.decide({ ...task.context, status: 'stopped', error: reason });
      if (decided) await finish(decided);
      return kind;
    };
    const kind = await decide();
    if (kind === 'gone') {
      // Not in Redis: with an ending in Postgres it will not be rebuilt, unless it is being just now.
      await endUnstarted(runs, task.context, 'stopped', reason);
      await decide();
    }
    return kind === 'already' ? 'ended' : 'stopped';
  };
}

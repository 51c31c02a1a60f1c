import type { RunContext, RunState } from '@millrace/contracts';
import type { Finish } from './finish.js';

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
  findTask: (tenantId: string, appId: string, taskId: string) => Promise<{ context: RunContext; ended: boolean } | undefined>;
  /** Ends a run that Redis does not know (yet): it must never start. */
  endUnstarted: (context: RunContext, error: string) => Promise<void>;
}

/**
 * Stops a run. Final at once: the decision fences every token, nothing further starts.
 * `forbidden`: the task belongs to another user. `ended`: unknown or already over.
 */
export type Stop = (request: StopRequest) => Promise<'stopped' | 'ended' | 'forbidden'>;

const reason = 'Stopped by user.';

export function createStop({ state, finish, findTask, endUnstarted }: StopDeps): Stop {
  return async ({ tenantId, appId, taskId, user }) => {
    const task = await findTask(tenantId, appId, taskId);
    if (!task) return 'ended';
    if (task.context.user !== user) return 'forbidden';
    if (task.ended) return 'ended';
    const { kind, decided } = await state.decide({ ...task.context, status: 'stopped', error: reason });
    if (decided) await finish(decided);
    if (kind === 'gone') await endUnstarted(task.context, reason);
    return kind === 'already' ? 'ended' : 'stopped';
  };
}

import type { Ending, RunContext } from '@millrace/contracts';
import { workflowFinished } from '@millrace/engine';
import type { FollowedRun, RunHistory, StoredEvent } from './ports.js';

export interface HistoryDeps {
  findRun: (
    tenantId: string,
    appId: string,
    runId: string,
  ) => Promise<{ context: RunContext; epoch: number; ending?: Ending | undefined } | undefined>;
  /** The events of an ended run as the recorder kept them; `undefined` before it has. */
  loadArchive: (run: FollowedRun) => Promise<StoredEvent[] | undefined>;
}

/** Runs whose stream is gone, from Postgres. */
export const createRunHistory = ({ findRun, loadArchive }: HistoryDeps): RunHistory => ({
  async ended(followed) {
    const run = await findRun(followed.tenantId, followed.appId, followed.runId);
    if (!run?.ending) return undefined;
    const archived = await loadArchive(followed);
    if (archived && archived.length > 0) return archived;
    // Redis was lost before the recorder came: the end is all that is known. Its id comes after every
    // id the run can have given out.
    return [{ id: `${run.epoch + 1}-1`, event: workflowFinished(run.context, run.ending) }];
  },
});

import type { NodeResult, NodeStatus, ValueObject } from '@millrace/contracts';
import { everyHandle, isBranch, objectOf, type PlanNode } from '@millrace/graph';

/** What becomes of one attempt (dsl 3.6). */
export interface Outcome {
  outcome: 'done' | 'retry' | 'failed';
  status: NodeStatus;
  /** `null` stores nothing. */
  outputs: ValueObject | null;
  handle: string;
  error: string | null;
  /** Present only when the run ends because of its model provider. */
  code?: string;
  retryDelayMs: number;
  /** Failed attempts to count: every one counts, also one that a retry repairs. */
  exceptions: 0 | 1;
}

/** @param attempt number of this attempt, from 1 */
export function decideOutcome(node: PlanNode, result: NodeResult, attempt: number): Outcome {
  if (result.status === 'succeeded') {
    const { outputs, handle } = result;
    if (isBranch(node) && handle === '') return withoutBranch(node);
    return { outcome: 'done', status: 'succeeded', outputs, handle, error: null, retryDelayMs: 0, exceptions: 0 };
  }
  const { error, errorType } = result;
  const failure = { error, retryDelayMs: 0, exceptions: 1 } as const;
  if (attempt <= node.retry.maxRetries) {
    const retryDelayMs = Math.max(node.retry.intervalMs, result.retryAfterMs ?? 0);
    return { ...failure, outcome: 'retry', status: 'retry', outputs: null, handle: '', retryDelayMs };
  }
  const handled = { error_message: error, error_type: errorType };
  switch (node.errorStrategy) {
    case 'fail-branch':
      return { ...failure, outcome: 'done', status: 'exception', outputs: handled, handle: 'fail-branch' };
    case 'default-value': {
      const outputs = objectOf([...Object.entries(node.defaultValue), ...Object.entries(handled)]);
      // Also a branch node takes all its edges then.
      const handle = isBranch(node) ? everyHandle : 'source';
      return { ...failure, outcome: 'done', status: 'exception', outputs, handle };
    }
    case 'none': {
      const code = result.code === undefined ? {} : { code: result.code };
      return { ...failure, outcome: 'failed', status: 'failed', outputs: null, handle: '', ...code };
    }
  }
}

/** A mistake of the graph, which neither retries nor a strategy mend (dsl 3.2). */
const withoutBranch = ({ id }: PlanNode): Outcome => ({
  outcome: 'failed',
  status: 'failed',
  outputs: null,
  handle: '',
  error: `Branch node ${id} completed without selecting a branch`,
  retryDelayMs: 0,
  exceptions: 1,
});

import {
  Outage,
  type JsonText,
  type NodeExecutor,
  type NodeRequest,
  type NodeResult,
  type RunContext,
  type ValueObject,
} from '@millrace/contracts';
import { mayHoldFiles, parseJson } from '@millrace/graph';
import { failActiveSpan } from '@millrace/telemetry';
import type { FreshLinks } from './fresh-links.js';
import { createScope } from './scope.js';
import type { Work } from './settle.js';

export interface AttemptDeps {
  executors: ReadonlyMap<string, NodeExecutor>;
  fresh: FreshLinks;
}

export function failure(error: string, errorType: string): NodeResult {
  failActiveSpan(errorType);
  return { status: 'failed', ...{ error, errorType, inputs: {}, processData: {}, metadata: {} } };
}

/** Users' mistakes come back as results; what a node throws by itself is one too (dsl 3.6). */
export async function attempt(
  deps: AttemptDeps,
  { plan, node, execution, variables, job }: Work,
  hooks: Pick<NodeRequest, 'signal' | 'reportInputs' | 'begins' | 'emitText'>,
): Promise<NodeResult> {
  const executor = deps.executors.get(node.type);
  if (!executor) return failure(`node type '${node.type}' is not supported yet`, 'WorkflowNodeError');
  const { run, executionId } = execution;
  try {
    const result = await executor.execute({
      nodeId: node.id,
      title: node.title,
      data: node.data,
      scope: createScope(plan, run, node.reads, variables.reads, deps.fresh),
      inputs: node === plan.root ? formValues(deps, run, variables.inputs) : {},
      tenantId: job.tenantId,
      appId: run.appId,
      endUserId: run.endUserId,
      runId: job.runId,
      executionId,
      isLastRetry: node.retry.maxRetries > 0 && job.attempt > node.retry.maxRetries,
      linked: (file) => deps.fresh(run, file),
      ...hooks,
    });
    if (result.status === 'failed') failActiveSpan(result.errorType || 'failed');
    return result;
  } catch (error) {
    if (hooks.signal.aborted) throw hooks.signal.reason;
    if (error instanceof Outage) throw error;
    return failure(error instanceof Error ? error.message : String(error), 'WorkflowNodeError');
  }
}

function formValues({ fresh }: AttemptDeps, run: RunContext, inputs: JsonText): ValueObject {
  const values = parseJson(inputs) as ValueObject;
  return mayHoldFiles(inputs) ? fresh(run, values) : values;
}

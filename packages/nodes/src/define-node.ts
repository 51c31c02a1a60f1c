import type { NodeExecutor, NodeMetadata, NodeRequest, NodeResult, ValueObject } from '@millrace/contracts';
import { TextSizeError } from '@millrace/graph';
import { NodeFailure } from './node-failure.js';
import { boundedResult } from './node-size.js';

/** What an execution reports while it runs, kept for the result of a failure. */
export interface Report {
  inputs: ValueObject;
  processData: ValueObject;
  /** What was spent before a failure; a success names its own. */
  spent?: NodeMetadata;
}

export interface Success {
  outputs: ValueObject;
  /** Branch handle; default `source`. */
  handle?: string;
  metadata?: NodeMetadata;
}

/**
 * Builds the executor of a node type. `run` fills `report` as it learns its inputs, returns the outputs, and throws
 * `NodeFailure` for users' mistakes; `explain` may turn other errors into failures too.
 */
export function defineNode(
  type: string,
  run: (request: NodeRequest, report: Report) => Success | Promise<Success>,
  explain?: (error: unknown) => Partial<Extract<NodeResult, { status: 'failed' }>> | undefined,
): NodeExecutor {
  return {
    type,
    async execute(request): Promise<NodeResult> {
      const report: Report = { inputs: {}, processData: {} };
      try {
        const started = run(request, report);
        const { outputs, handle = 'source', metadata = {} } = started instanceof Promise ? await started : started;
        const { inputs, processData } = report;
        return boundedResult({ status: 'succeeded', outputs, handle, metadata, inputs, processData });
      } catch (error) {
        // Whoever aborted knows why; what the aborted work made of it does not matter.
        if (request.signal.aborted) throw request.signal.reason;
        const { inputs, processData, spent = {} } = report;
        const failure = { status: 'failed', metadata: spent, inputs, processData } as const;
        if (error instanceof NodeFailure)
          return boundedResult({ ...failure, error: error.message, errorType: error.errorType });
        if (error instanceof TextSizeError)
          return boundedResult({ ...failure, error: error.message, errorType: error.name });
        const explained = explain?.(error);
        if (explained) return boundedResult({ ...failure, error: '', errorType: '', ...explained });
        throw error;
      }
    },
  };
}

/** Builds the executor of a type that only computes (`NodeExecutor.pure`). */
export const definePureNode = (...definition: Parameters<typeof defineNode>): NodeExecutor => ({
  ...defineNode(...definition),
  pure: true,
});

/** Builds the executor of a type that only computes, in microseconds (`NodeExecutor.quick`). */
export const defineQuickNode = (...definition: Parameters<typeof defineNode>): NodeExecutor => ({
  ...definePureNode(...definition),
  quick: true,
});

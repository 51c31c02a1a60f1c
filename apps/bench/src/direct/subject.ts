import type { NodeExecutor, NodeRequest, NodeResult, ValueObject } from '@millrace/contracts';

/** A node executor as a worker has it, with everything below it. */
export interface Subject {
  /** Executes the node once for a tenant. @throws when the answer is wrong */
  call(tenantId: string): Promise<void>;
  /** Resolves when everything that it started is gone. */
  close(): Promise<void>;
  /** Interpreters that calls at the same time are spread over; absent where there are none. */
  interpreters?: number;
}

/** @param interpreters how many it may hold, where it holds some */
export type OpenSubject = (interpreters?: number) => Promise<Subject>;

let serial = 0;

/** A text that no call has had before. */
export const uniqueText = (): string => `text-${serial++}`;

/** Executes a node whose variables all read `['start', name]`. */
export async function execute(
  executor: NodeExecutor | undefined,
  { tenantId, data, variables }: { tenantId: string; data: ValueObject; variables: ValueObject },
): Promise<NodeResult> {
  if (!executor) throw new Error('there is no such executor');
  const request: NodeRequest = {
    ...{ nodeId: 'n', title: 'n', appId: 'a', endUserId: 'u', runId: 'r', executionId: uniqueText(), inputs: {} },
    tenantId,
    data,
    scope: { get: ([, name = '']) => variables[name] },
    signal: new AbortController().signal,
    emitText: () => undefined,
  };
  return executor.execute(request);
}

/** @throws when an output is not as expected */
export function expectOutput(result: NodeResult, name: string, expected: string): void {
  const value = result.status === 'succeeded' ? result.outputs[name] : undefined;
  if (value !== expected) throw new Error(`wrong answer: ${JSON.stringify(result).slice(0, 500)}`);
}

import type { NodeRequest, Value, ValueObject } from '@millrace/contracts';
import { resolveSelector } from '@millrace/graph';

/** A request for tests: `pool` holds variables by node, `streamed` collects what is emitted. */
export function nodeRequest(
  data: ValueObject,
  pool: Record<string, ValueObject> = {},
  inputs: ValueObject = {},
  secrets: string[] = [],
) {
  const streamed: [name: string, text: string][] = [];
  const reported: ValueObject[] = [];
  const controller = new AbortController();
  const request: NodeRequest = {
    nodeId: 'n',
    title: 'Node',
    data,
    scope: { get: (selector): Value | undefined => resolveSelector((key) => pool[key], selector), secrets },
    inputs,
    tenantId: 't',
    appId: 'a',
    endUserId: 'u',
    runId: 'r',
    executionId: 'exec-1',
    signal: controller.signal,
    reportInputs: (each) => reported.push(each),
    emitText: (name, text) => streamed.push([name, text]),
  };
  return { request, streamed, reported, controller };
}

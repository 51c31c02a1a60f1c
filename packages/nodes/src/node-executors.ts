import type { ModelInvoker, NodeExecutor } from '@millrace/contracts';
import { createChecks } from './checks/checks.js';
import { createCodeNode, type CodeNodeDependencies } from './code/code.js';
import { createEndNode } from './end/end.js';
import { createHttpRequestNode, type HttpRequestDependencies } from './http-request/http-request.js';
import { createIfElseNode } from './if-else/if-else.js';
import { createLlmNode } from './llm/llm.js';
import { createStartNode } from './start/start.js';
import { createTemplateTransformNode } from './template-transform/template-transform.js';
import { createVariableAggregatorNode } from './variable-aggregator/variable-aggregator.js';

export interface NodeDependencies extends CodeNodeDependencies, Omit<HttpRequestDependencies, 'checks'> {
  models: ModelInvoker;
}

/** An executor of every node type that can run, by type. They hold no run state: one set serves a process. */
export function createNodeExecutors(dependencies: NodeDependencies): Map<string, NodeExecutor> {
  const checks = createChecks();
  const executors = [
    createStartNode({ checks }),
    createEndNode(),
    createIfElseNode(),
    createVariableAggregatorNode(),
    createTemplateTransformNode(),
    createHttpRequestNode({ ...dependencies, checks }),
    createLlmNode({ ...dependencies, checks }),
    createCodeNode(dependencies),
  ];
  return new Map(executors.map((executor) => [executor.type, executor]));
}

/** The node types that `createNodeExecutors` covers, for imports and checks without any dependency. */
export const supportedNodeTypes: ReadonlySet<string> = new Set([
  'start',
  'end',
  'if-else',
  'variable-aggregator',
  'template-transform',
  'http-request',
  'llm',
  'code',
]);

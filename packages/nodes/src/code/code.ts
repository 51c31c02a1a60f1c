import type { CodeRunner, NodeExecutor, NodeScope, Value, ValueObject } from '@millrace/contracts';
import { exactJson, objectOf } from '@millrace/graph';
import { definePureNode, type Success } from '../define-node.js';
import { NodeFailure } from '../node-failure.js';
import { checkSize } from '../node-size.js';
import { configureCode, type CodeConfig } from './config.js';
import { checkOutputs } from './declared-outputs.js';
import { defaultCodeOutputLimits, type CodeOutputLimits } from './limits.js';
import { readResult } from './read-result.js';

export interface CodeNodeDependencies {
  code: CodeRunner;
  /** Limits of the declared outputs; what is left out has its default. */
  codeOutputLimits?: Partial<CodeOutputLimits>;
}

/** Runs a user's code in the cage and checks what it returns (dsl 4.11). */
export function createCodeNode({ code: runner, codeOutputLimits }: CodeNodeDependencies): NodeExecutor {
  const limits = { ...defaultCodeOutputLimits, ...codeOutputLimits };
  return definePureNode('code', async (request, report): Promise<Success> => {
    const { language, code, variables, outputs } = configureCode(request.data);
    report.inputs = inputsOf(variables, request.scope);
    checkSize(report.inputs);
    request.reportInputs?.(report.inputs);
    const { tenantId, signal } = request;
    const inputs = exactJson(report.inputs);
    const result = await runner.run({ tenantId, language, code, inputs, signal, onBegin: request.begins });
    if (result.status === 'failed') throw new NodeFailure(result.error, 'CodeExecutionError');
    return { outputs: checkOutputs(readResult(result.value), outputs, limits) };
  });
}

function inputsOf(variables: CodeConfig['variables'], scope: NodeScope): ValueObject {
  return objectOf(
    variables.map(({ name, from, isFileList }): [string, Value] => {
      const value = scope.get(from) ?? null;
      return [name, isFileList && Array.isArray(value) && value.length === 0 ? null : value];
    }),
  );
}

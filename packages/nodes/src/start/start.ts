import type { NodeExecutor, Value } from '@millrace/contracts';
import { isObject, parseJson, stringifyJson } from '@millrace/graph';
import { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import { defineQuickNode } from '../define-node.js';
import { anyValue, configured, listOf, looseFlag, looseText } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';

const schema = z.object({
  variables: listOf(
    z.object({
      variable: looseText,
      type: looseText,
      required: looseFlag,
      json_schema: anyValue.nullish(),
    }),
  ),
});

const failure = (message: string) => new NodeFailure(message, 'WorkflowNodeError');

/**
 * The entry of a workflow: its outputs are the form's values (dsl 4.2). Only objects are checked again: whoever
 * submits checks the rest, and a required number may be blank, which is null (service-api 3.2).
 */
export function createStartNode({ checks }: { checks: Checks }): NodeExecutor {
  const configure = configured(schema, ({ variables }) => ({
    objects: variables
      .filter(({ type }) => type === 'json_object')
      .map(({ variable, required, json_schema: rules }) => ({
        variable,
        required,
        schema: rules ? once(() => parseRules(variable, rules)) : undefined,
      })),
  }));
  return defineQuickNode('start', ({ data, inputs, tenantId }, report) => {
    report.inputs = inputs;
    const { objects } = configure(data);
    if (objects.length === 0) return { outputs: inputs };
    return checkObjects();

    async function checkObjects() {
      for (const { variable, required, schema: rules } of objects) {
        const value = inputs[variable];
        if (value === undefined || value === null) {
          if (required) throw failure(`${variable} is required in input form`);
          continue;
        }
        if (!isObject(value)) throw failure(`JSON object for '${variable}' must be an object`);
        if (!rules) continue;
        const wanted = { kind: 'object', schema: rules(), text: stringifyJson(value) } as const;
        const finding = await checks.check(tenantId, wanted);
        if (!('wrong' in finding)) continue;
        throw failure(
          finding.schema ? finding.wrong : `JSON object for '${variable}' does not match schema: ${finding.wrong}`,
        );
      }
      return { outputs: inputs };
    }
  });
}

/** The schema as JSON. @throws NodeFailure when it is none */
function parseRules(variable: string, rules: Value): string {
  const schema = typeof rules === 'string' ? parsed(variable, rules) : rules;
  if (!isObject(schema)) throw failure('Invalid JSON schema: it must be an object');
  return stringifyJson(schema);
}

function parsed(variable: string, rules: string): Value {
  try {
    return parseJson(rules);
  } catch (cause) {
    throw new NodeFailure(`The JSON schema of '${variable}' is not valid JSON`, 'WorkflowNodeError', { cause });
  }
}

/** Does its work with the first call. */
function once<T>(work: () => T): () => T {
  let done: { value: T } | undefined;
  return () => (done ??= { value: work() }).value;
}

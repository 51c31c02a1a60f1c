import type { NodeExecutor, Value } from '@millrace/contracts';
import { isObject, parseJson } from '@millrace/graph';
import { z } from 'zod';
import { defineQuickNode } from '../define-node.js';
import { anyValue, configured, listOf, looseFlag, looseText, toPlain } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';
import { compileSchema } from './json-schema.js';

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
export function createStartNode(): NodeExecutor {
  const configure = configured(schema, ({ variables }) => ({
    objects: variables
      .filter(({ type }) => type === 'json_object')
      .map(({ variable, required, json_schema: rules }) => ({
        variable,
        required,
        validate: rules ? lazySchema(variable, rules) : undefined,
      })),
  }));
  return defineQuickNode('start', ({ data, inputs }, report) => {
    report.inputs = inputs;
    const { objects } = configure(data);
    if (objects.length === 0) return { outputs: inputs };
    return checkObjects();

    async function checkObjects() {
      for (const { variable, required, validate } of objects) {
        const value = inputs[variable];
        if (value === undefined || value === null) {
          if (required) throw failure(`${variable} is required in input form`);
          continue;
        }
        if (!isObject(value)) throw failure(`JSON object for '${variable}' must be an object`);
        const problem = await validate?.(toPlain(value));
        if (problem) throw failure(`JSON object for '${variable}' does not match schema: ${problem}`);
      }
      return { outputs: inputs };
    }
  });
}

/** Compiles on first use; the validator library is loaded only by workflows that need it. */
function lazySchema(variable: string, rules: Value): (value: unknown) => Promise<string | undefined> {
  let compiled: ReturnType<typeof compileSchema> | undefined;
  return async (value) => {
    compiled ??= compileSchema(parseRules(variable, rules));
    return (await compiled)(value);
  };
}

function parseRules(variable: string, rules: Value): unknown {
  if (typeof rules !== 'string') return toPlain(rules);
  try {
    return toPlain(parseJson(rules));
  } catch (cause) {
    throw new NodeFailure(`The JSON schema of '${variable}' is not valid JSON`, 'WorkflowNodeError', { cause });
  }
}

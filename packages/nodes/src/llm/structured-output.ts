import type { ValueObject } from '@millrace/contracts';
import { isObject, parseJson, stringifyJson } from '@millrace/graph';
import type { Check } from '../checks/check.js';
import type { Checks } from '../checks/checks.js';
import { NodeFailure } from '../node-failure.js';

/** What the answer of a node with structured output must look like. */
export interface StructuredOutput {
  schema: ValueObject;
  /** The object in a model's text. @throws NodeFailure when there is none or it does not fit the schema */
  read(text: string): Promise<ValueObject>;
}

const failure = (message: string) => new NodeFailure(message, 'LLMNodeError');

/** Schemas by their `structured_output`, for as long as its plan lives. */
const known = new WeakMap<ValueObject, string>();

/**
 * Prepares the schema of `structured_output` (dsl 4.6).
 * @throws NodeFailure when it is no draft 7 schema
 */
export async function prepareStructuredOutput(
  structured: ValueObject,
  checks: Checks,
  tenantId: string,
): Promise<StructuredOutput> {
  const schema = structured['schema'];
  if (schema === undefined || !isObject(schema)) {
    throw failure('Invalid structured output schema (stage=schema, path=$.schema): expected a JSON object');
  }
  const text = known.get(structured) ?? stringifyJson(schema);
  const ask = async (kind: Check['kind'], answer: string): Promise<string> => {
    const finding = await checks.check(tenantId, { kind, schema: text, text: answer });
    if ('wrong' in finding) throw failure(finding.wrong);
    return finding.json;
  };
  if (!known.has(structured)) await ask('schema', '');
  known.set(structured, text);
  return { schema, read: async (answer) => parseJson(await ask('answer', answer)) as ValueObject };
}

import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, parseJson } from '@millrace/graph';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { jsonrepair } from 'jsonrepair';
import { toPlain } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';
import { TookTooLong, withinTime } from '../time-bound.js';
import { explainViolation, jsonPath } from './schema-violation.js';

/** What the answer of a node with structured output must look like. */
export interface StructuredOutput {
  schema: ValueObject;
  /** The object in a model's text. @throws NodeFailure when there is none or it does not fit the schema */
  read(text: string): ValueObject;
}

const failure = (message: string) => new NodeFailure(message, 'LLMNodeError');

const known = new WeakMap<ValueObject, Promise<StructuredOutput>>();

/**
 * Prepares the schema of `structured_output` (dsl 4.6), once for as long as its plan lives.
 * @throws NodeFailure when it is no draft 7 schema
 */
export function prepareStructuredOutput(structured: ValueObject): Promise<StructuredOutput> {
  const prepared = known.get(structured) ?? prepare(structured);
  known.set(structured, prepared);
  return prepared;
}

async function prepare({ schema }: ValueObject): Promise<StructuredOutput> {
  if (schema === undefined || !isObject(schema)) throw schemaFailure('$.schema', 'expected a JSON object');
  const validate = await compile(schema);
  return {
    schema,
    read(text) {
      try {
        return withinTime(() => {
          const value = parseAnswer(text);
          if (!validate(toPlain(value))) throw resultFailure(validate.errors ?? []);
          return value;
        });
      } catch (error) {
        // Answers can also nest deeper than they can be checked.
        if (error instanceof TookTooLong || error instanceof RangeError)
          throw failure(`Structured output validation failed (stage=result, path=$): ${error.message}`);
        throw error;
      }
    },
  };
}

async function compile(schema: ValueObject): Promise<ValidateFunction> {
  // Loaded on first use: most workflows have no structured output.
  const { Ajv } = await import('ajv');
  const plain = toPlain(schema) as object;
  // One instance per schema: ids in users' schemas must not meet. Unknown formats and keywords are only remarks.
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, verbose: true, logger: false });
  try {
    return withinTime(() => {
      if (ajv.validateSchema(plain) !== true) {
        const [first] = shallowestFirst(ajv.errors ?? []);
        throw schemaFailure(
          first ? jsonPath(first.instancePath) : '$',
          first ? explainViolation(first) : 'not a schema',
        );
      }
      return ajv.compile(plain);
    });
  } catch (error) {
    if (error instanceof NodeFailure) throw error;
    throw schemaFailure('$', error instanceof Error ? error.message : String(error));
  }
}

const schemaFailure = (path: string, why: string) =>
  failure(`Invalid structured output schema (stage=schema, path=${path}): ${why}`);

function resultFailure(errors: readonly ErrorObject[]): NodeFailure {
  const [first] = shallowestFirst(errors);
  const path = first ? jsonPath(first.instancePath) : '$';
  const why = first ? explainViolation(first) : 'does not fit the schema';
  return failure(`Structured output validation failed (stage=result, path=${path}): ${why}`);
}

/** The outermost mistake says most; what the branches of `anyOf` and `oneOf` say is only part of it. */
function shallowestFirst(errors: readonly ErrorObject[]): ErrorObject[] {
  const rank = ({ instancePath, schemaPath, keyword }: ErrorObject) => [
    /\/(anyOf|oneOf|not|if)\/./.test(schemaPath) ? 1 : 0,
    instancePath.split('/').length,
    keyword === 'anyOf' || keyword === 'oneOf' ? 0 : 1,
  ];
  return [...errors].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((each, at) => each - (right[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}

/** Models wrap JSON in reasoning, fences and words, and forget commas: the object is found and mended. */
function parseAnswer(text: string): ValueObject {
  const answer = text.replace(/<think(?:\s[^<>]*)?>[\s\S]*?(<\/think\s*>|$)/gi, '').trim();
  const begin = Math.max(0, answer.search(/[{[]/));
  const end = Math.max(answer.lastIndexOf('}'), answer.lastIndexOf(']')) + 1;
  const candidates = [answer, fenced(answer), answer.slice(begin, end), answer.slice(begin)];
  let problem = 'the answer holds no JSON object';
  for (const candidate of candidates) {
    if (candidate === undefined || !/^[{[]/.test(candidate)) continue;
    for (const mend of [(json: string) => json, jsonrepair]) {
      try {
        const object = toObject(parseJson(mend(candidate)));
        if (object) return object;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
  }
  throw failure(`Failed to parse structured output (stage=result, path=$): ${problem}`);
}

const fenced = (text: string): string | undefined => /```(?:json)?\s*([\s\S]*?)(?:```|$)/i.exec(text)?.[1]?.trim();

/** The value if it is an object, or the first object in it if it is a list. */
const toObject = (value: Value): ValueObject | undefined =>
  Array.isArray(value) ? value.find(isObject) : isObject(value) ? value : undefined;

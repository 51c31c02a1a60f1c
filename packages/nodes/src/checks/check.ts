import { parseJson, stringifyJson } from '@millrace/graph';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { mendJson } from '../mend/mend-json.js';
import { toPlain } from '../node-data.js';
import { parseAnswer } from './parse-answer.js';
import { explainViolation, jsonPath } from './schema-violation.js';

/**
 * A check by users' rules. Everything is text, so that it can be done in another thread.
 *
 * `object`: does an object of a start form fit its schema?
 * `schema`: is this a schema for structured output?
 * `answer`: which object, fit for the schema, is in a model's answer?
 * `mend`: what JSON is meant by a text that is none?
 */
export interface Check {
  kind: 'object' | 'schema' | 'answer' | 'mend';
  /** JSON; empty where there is only something to mend. */
  schema: string;
  /** JSON of the object, or the answer, or what is to be mended; empty for a schema alone. */
  text: string;
}

/** What a check found: JSON of the answer's object, or the JSON that is meant (empty for the other kinds), or what is wrong, in whole sentences. */
export type Finding = { json: string } | { wrong: string; /** It is the schema that is wrong. */ schema?: true };

/** Schemas that were compiled lately. */
const compiled = new Map<string, ValidateFunction>();
const maxCompiled = 100;

/**
 * Does a check, here and now, however long it takes; bounded.ts says where. Loads the validator on first use: most workflows
 * have no schema.
 */
export async function check({ kind, schema, text }: Check): Promise<Finding> {
  if (kind === 'mend') return mend(text);
  const { Ajv } = await import('ajv');
  const forAnswers = kind !== 'object';
  const key = `${forAnswers}${schema}`;
  let validate = compiled.get(key);
  try {
    if (!validate) {
      // One instance per schema: ids in users' schemas must not meet. Unknown formats and keywords are only remarks.
      const rules = { strict: false, validateFormats: false, logger: false } as const;
      const ajv = new Ajv(forAnswers ? { ...rules, allErrors: true, verbose: true } : rules);
      const plain = toPlain(parseJson(schema)) as Record<string, unknown>;
      // Draft 7 holds, whatever dialect the schema says it is in.
      if (typeof plain === 'object') delete plain.$schema;
      if (forAnswers && ajv.validateSchema(plain) !== true) return wrongSchema(ajv.errors ?? []);
      validate = ajv.compile(plain);
      compiled.set(key, validate);
      for (const oldest of compiled.keys()) {
        if (compiled.size <= maxCompiled) break;
        compiled.delete(oldest);
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { wrong: kind === 'object' ? `Invalid JSON schema: ${why}` : schemaTrouble('$', why), schema: true };
  }
  if (kind === 'schema') return { json: '' };
  try {
    return kind === 'object' ? checkObject(validate, text) : checkAnswer(validate, text);
  } catch (error) {
    // Values can nest deeper than they can be checked.
    return { wrong: troubles[kind](error instanceof Error ? error.message : String(error)) };
  }
}

const schemaTrouble = (path: string, why: string): string =>
  `Invalid structured output schema (stage=schema, path=${path}): ${why}`;
const answerTrouble = (path: string, why: string): string =>
  `Structured output validation failed (stage=result, path=${path}): ${why}`;

/** What to say when a check could not be finished. */
export const troubles: Record<Check['kind'], (why: string) => string> = {
  object: (why) => why,
  schema: (why) => schemaTrouble('$', why),
  answer: (why) => answerTrouble('$', why),
  mend: (why) => why,
};

function mend(text: string): Finding {
  try {
    const json = mendJson(text);
    return json === undefined ? { wrong: 'there is no JSON in the text' } : { json };
  } catch (error) {
    return { wrong: troubles.mend(error instanceof Error ? error.message : String(error)) };
  }
}

function checkObject(validate: ValidateFunction, text: string): Finding {
  if (validate(toPlain(parseJson(text)))) return { json: '' };
  const [first] = validate.errors ?? [];
  return { wrong: `${first?.instancePath ? `${first.instancePath} ` : ''}${first?.message ?? 'invalid'}` };
}

function checkAnswer(validate: ValidateFunction, text: string): Finding {
  const answer = parseAnswer(text);
  if (typeof answer === 'string') return { wrong: answer };
  if (validate(toPlain(answer))) return { json: stringifyJson(answer) };
  const [first] = shallowestFirst(validate.errors ?? []);
  const why = first ? explainViolation(first) : 'does not fit the schema';
  return { wrong: answerTrouble(first ? jsonPath(first.instancePath) : '$', why) };
}

function wrongSchema(errors: readonly ErrorObject[]): Finding {
  const [first] = shallowestFirst(errors);
  const path = first ? jsonPath(first.instancePath) : '$';
  const why = first ? explainViolation(first) : 'not a schema';
  return { wrong: schemaTrouble(path, why) };
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

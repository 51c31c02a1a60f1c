import type { JsonText, Value, ValueObject } from '@millrace/contracts';
import { floatValue, isObject, objectOf, parseJson, parsePythonFloat, typeName } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';

/** Deeper values are a mistake or an attack; whoever handles a value after this may recurse. */
const maxNesting = 200;

/** Python's `^-?\d+\.?\d*e[+-]\d+$`, written so that long digits take linear time. There `$` passes over a last line end. */
const exponentText = /^-?\p{Nd}+(?:\.\p{Nd}*)?[eE][+-]\p{Nd}+\n?$/u;

/** What `main` returned, with texts such as `1e+16` turned into floats (dsl 4.11). @throws NodeFailure */
export function readResult(text: JsonText): ValueObject {
  if (isDeeper(text, maxNesting)) {
    throw new NodeFailure(`Depth limit ${maxNesting} reached, object too deep.`, 'DepthLimitError');
  }
  const result = parse(text);
  if (!isObject(result)) {
    throw new NodeFailure(`Result must be a dict, got ${typeName(result)}`, 'CodeExecutionError');
  }
  return membersWithFloats(result);
}

function parse(text: JsonText): Value {
  try {
    return parseJson(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NodeFailure(`The result cannot be read: ${reason}`, 'CodeExecutionError', { cause: error });
  }
}

const membersWithFloats = (object: ValueObject): ValueObject =>
  objectOf(Object.entries(object).map(([key, value]) => [key, withFloats(value)]));

function exponentNumber(text: string): Value | undefined {
  const number = exponentText.test(text) ? parsePythonFloat(text) : undefined;
  return number === undefined ? undefined : floatValue(number);
}

function withFloats(value: Value): Value {
  if (typeof value === 'string') return exponentNumber(value) ?? value;
  if (Array.isArray(value)) return value.map(withFloats);
  return isObject(value) ? membersWithFloats(value) : value;
}

/** Whether brackets of a JSON text nest deeper than `limit`; those inside strings do not count. */
function isDeeper(text: JsonText, limit: number): boolean {
  const marks = /\\[^]|["[\]{}]/g;
  let depth = 0;
  let inText = false;
  for (let mark = marks.exec(text)?.[0]; mark !== undefined; mark = marks.exec(text)?.[0]) {
    if (mark === '"') inText = !inText;
    else if (inText) continue;
    else if (mark === '[' || mark === '{') {
      depth += 1;
      if (depth > limit) return true;
    } else if (mark === ']' || mark === '}') depth -= 1;
  }
  return false;
}

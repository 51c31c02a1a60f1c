import type { JsonText, Value, ValueObject } from '@millrace/contracts';
import { floatValue, isObject, parseJson, typeName } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';

/** Deeper values are a mistake or an attack; whoever handles a value after this may recurse. */
const maxNesting = 200;

/** More values (members of lists and mappings, at any depth) would keep the thread that all runs share for too long. */
const maxValues = 200_000;

/** Python's `^-?\d+\.?\d*e[+-]\d+$`, written so that long digits take linear time. */
const exponentText = /^-?\d+(?:\.\d*)?e[+-]\d+$/i;

/** What `main` returned, with texts such as `1e+16` turned into floats (dsl 4.11). @throws NodeFailure */
export function readResult(text: JsonText): ValueObject {
  const { depth, values } = measure(text);
  if (depth > maxNesting) {
    throw new NodeFailure(`Depth limit ${maxNesting} reached, object too deep.`, 'DepthLimitError');
  }
  if (values > maxValues) {
    throw new NodeFailure(`The result has more than ${maxValues} values.`, 'OutputValidationError');
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
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, withFloats(value)]));

function withFloats(value: Value): Value {
  if (typeof value === 'string') return exponentText.test(value) ? floatValue(Number(value)) : value;
  if (Array.isArray(value)) return value.map(withFloats);
  return isObject(value) ? membersWithFloats(value) : value;
}

/** How deep a JSON text nests, and its values: separators and brackets outside of strings. Ends at the first thing too much. */
function measure(text: JsonText): { depth: number; values: number } {
  const marks = /\\[^]|[",[\]{}]/g;
  let [depth, deepest, values] = [0, 0, 1];
  let inText = false;
  while (deepest <= maxNesting && values <= maxValues) {
    const mark = marks.exec(text)?.[0];
    if (mark === undefined) break;
    if (mark === '"') inText = !inText;
    else if (inText) continue;
    else if (mark === ',') values += 1;
    else if (mark === '[' || mark === '{') {
      values += 1;
      deepest = Math.max(deepest, ++depth);
    } else if (mark === ']' || mark === '}') depth -= 1;
  }
  return { depth: deepest, values };
}

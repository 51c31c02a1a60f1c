import type { Selector, Value, ValueObject } from '@millrace/contracts';
import { ConditionError, evaluateCondition, stepBudget } from './operators.js';
import { renderTemplate, textBudget, type SpendText } from './template.js';
import { parseJson, stringifyJson } from './values/json.js';
import { pythonRepr, pythonStr, truthy, type SpendSteps } from './values/python.js';
import { fileAttributes } from './values/selector.js';
import { isInteger, isObject, typeName, valueType } from './values/types.js';

type Get = (selector: Selector) => Value | undefined;

/** What a list of conditions came to; `error` fails the node. */
export type ConditionsResult =
  | {
      ok: true;
      result: boolean;
      /** Result of each condition looked at: evaluation stops as soon as the answer is known. */
      results: boolean[];
      /** `{actual_value, expected_value, comparison_operator}` for events; of values shown again and again only the beginning. */
      inputs: ValueObject[];
    }
  | { ok: false; error: string };

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');
const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);

function toBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (isInteger(value)) return truthy(value);
  if (typeof value === 'string') {
    let parsed: Value;
    try {
      parsed = parseJson(value);
    } catch {
      throw new ConditionError(`Cannot convert '${value}' to a boolean: use true, false, 1 or 0`);
    }
    if (typeof parsed === 'boolean' || isInteger(parsed)) return truthy(parsed);
  }
  throw new ConditionError(`unexpected value: type=<class '${typeName(value)}'>, value=${pythonStr(value)}`);
}

const dotted = (value: Value): Value =>
  typeof value === 'string' && value !== '' && !value.startsWith('.') ? `.${value}` : value;

/** One sub-condition over all files: any may match, or every one for a negated operator. */
function fileCondition(files: Value[], condition: ValueObject, work: SpendSteps): boolean {
  work(files.length);
  const key = text(condition['key']);
  const operator = text(condition['comparison_operator']);
  const attribute = Object.hasOwn(fileAttributes, key) ? fileAttributes[key] : undefined;
  if (attribute === undefined) throw new ConditionError(`'${key}' is not a valid FileAttribute`);
  let expected = condition['value'] ?? null;
  let values = files.map((file) => (isObject(file) ? (file[attribute] ?? null) : null));
  if (key === 'extension') {
    if (typeof expected !== 'string') {
      throw new ConditionError('Expected value must be a string when key is FileAttribute.EXTENSION');
    }
    expected = dotted(expected);
    values = values.map(dotted);
  }
  const holds = (value: Value): boolean => evaluateCondition(value, operator, expected, work);
  return operator.includes('not') ? values.every(holds) : values.some(holds);
}

function filesCondition(files: Value[], condition: ValueObject, work: SpendSteps): boolean {
  const sub = condition['sub_variable_condition'];
  if (!isObject(sub)) throw new ConditionError('Sub variable is required');
  const results = list(sub['conditions'])
    .filter(isObject)
    .map((each) => fileCondition(files, each, work));
  return sub['logical_operator'] === 'or' ? results.some(Boolean) : results.every(Boolean);
}

/** What evaluating may use up. */
export interface ConditionBudgets {
  /** Text that is inserted into what conditions compare with. */
  text: SpendText;
  work: SpendSteps;
}

export const conditionBudgets = (): ConditionBudgets => ({ text: textBudget(), work: stepBudget() });

function expectedValue(condition: ValueObject, actual: Value, get: Get, spend: SpendText): Value {
  const raw = condition['value'] ?? null;
  const expected = typeof raw === 'string' ? renderTemplate(raw, get, 'text', spend) : raw;
  if (expected === null) return null;
  if (typeof actual !== 'boolean' && valueType(actual) !== 'array[boolean]') return expected;
  return Array.isArray(expected) ? expected.map(toBoolean) : toBoolean(expected);
}

function holds(
  condition: ValueObject,
  get: Get,
  { text: spend, work }: ConditionBudgets,
  show: (input: ValueObject) => void,
): boolean {
  const selector = list(condition['variable_selector']).map(pythonStr);
  const operator = text(condition['comparison_operator']);
  const actual = get(selector);
  if (actual === undefined) throw new ConditionError(`Variable ${pythonRepr(selector)} not found`);
  // The kind of a list is that of all its items.
  if (Array.isArray(actual)) work(actual.length);
  if (Array.isArray(actual) && valueType(actual) === 'array[file]' && fileOperators.has(operator)) {
    return filesCondition(actual, condition, work);
  }
  if (operator === 'exists' || operator === 'not exists') return evaluateCondition(actual, operator, null, work);
  const expected = expectedValue(condition, actual, get, spend);
  show({ actual_value: actual, expected_value: expected, comparison_operator: operator });
  return evaluateCondition(actual, operator, expected, work);
}

const fileOperators: ReadonlySet<string> = new Set(['contains', 'not contains', 'all of']);

/** Characters of values that one list of conditions shows whole: many conditions may look at the same long text. */
const mostShown = 20 * 1024 * 1024;
const beginning = 1_000;

/** Keeps what is shown of conditions within bounds. */
function showing(inputs: ValueObject[]): (input: ValueObject) => void {
  const known = new Map<Value, { size: number; short: string }>();
  let left = mostShown;
  const shortened = (whole: string) => ({
    size: whole.length,
    short: `${whole.slice(0, beginning)}… ${whole.length - beginning} characters left out`,
  });
  const shown = (value: Value): Value => {
    if (typeof value !== 'string' && !Array.isArray(value) && !isObject(value)) return value;
    const measured = known.get(value) ?? shortened(typeof value === 'string' ? value : stringifyJson(value));
    if (typeof value !== 'string') known.set(value, measured);
    if (measured.size <= beginning) return value;
    left -= measured.size;
    return left >= 0 ? value : measured.short;
  };
  return ({ actual_value: actual = null, expected_value: expected = null, ...rest }) =>
    void inputs.push({ actual_value: shown(actual), expected_value: shown(expected), ...rest });
}

/**
 * Evaluates conditions from left to right and stops early (dsl 4.5). `conditions` are taken as the
 * file has them; `operator` other than `or` means `and`. An empty list: `and` holds, `or` does not.
 * @throws TextSizeError when what they compare with inserts too much text
 */
export function evaluateConditions(
  conditions: Value[],
  operator: string,
  get: Get,
  budgets = conditionBudgets(),
): ConditionsResult {
  const results: boolean[] = [];
  const inputs: ValueObject[] = [];
  const show = showing(inputs);
  const decisive = operator === 'or';
  try {
    for (const condition of conditions) {
      if (!isObject(condition)) throw new ConditionError('A condition must be a mapping');
      const result = holds(condition, get, budgets, show);
      results.push(result);
      if (result === decisive) return { ok: true, result, results, inputs };
    }
  } catch (error) {
    if (error instanceof ConditionError) return { ok: false, error: error.message };
    throw error;
  }
  return { ok: true, result: !decisive, results, inputs };
}

import { isLongerThan, type Value, type ValueObject } from '@millrace/contracts';
import type { FormVariable } from './plan.js';
import { floatValue } from './values/json.js';
import { parsePythonFloat, parsePythonInt, pythonStrip } from './values/numbers.js';
import { objectOf } from './values/objects.js';
import { isOn, pythonEquals, pythonRepr, pythonStr, truthy } from './values/python.js';
import { isNumber, isObject } from './values/types.js';

export type FormResult = { ok: true; values: ValueObject } | { ok: false; message: string };

/** A refused value; its message goes to the caller. */
class FormError extends Error {}

const refuse = (message: string): never => {
  throw new FormError(message);
};

function textValue({ variable, type, maxLength, options }: FormVariable, value: Value): Value {
  if (typeof value !== 'string') return refuse(`(type '${type}') ${variable} in input form must be a string`);
  if (type === 'select') {
    if (options.includes(value)) return value;
    return refuse(`${variable} in input form must be one of the following: ${pythonRepr(options)}`);
  }
  if (maxLength !== undefined && isLongerThan(maxLength, value)) {
    return refuse(`${variable} in input form must be less than ${maxLength} characters`);
  }
  return value;
}

function numberValue({ variable }: FormVariable, value: Value): Value {
  if (isNumber(value) || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return refuse(`${variable} in input form must be a valid number`);
  if (pythonStrip(value) === '') return null;
  if (!value.includes('.')) return parsePythonInt(value) ?? refuse(`${variable} in input form must be a valid number`);
  const number = parsePythonFloat(value);
  return number === undefined ? refuse(`${variable} in input form must be a valid number`) : floatValue(number);
}

const yes = new Set(['true', '1', 'yes', 'on']);
const no = new Set(['false', '0', 'no', 'off']);

function checkboxValue(value: Value): Value {
  if (typeof value === 'string') {
    const word = pythonStrip(value).toLowerCase();
    return yes.has(word) ? true : no.has(word) ? false : value;
  }
  if (!isNumber(value)) return value;
  return pythonEquals(value, 1) ? true : pythonEquals(value, 0) ? false : value;
}

/** The shape only: `placeFiles` makes files of the mappings. */
function fileMappings({ variable, type, maxLength }: FormVariable, value: Value): Value {
  if (type === 'file') return isObject(value) ? value : refuse(`${variable} in input form must be a file`);
  if (!Array.isArray(value) || !value.every(isObject)) {
    return refuse(`${variable} in input form must be a list of files`);
  }
  if (maxLength !== undefined && value.length > maxLength) {
    return refuse(`${variable} in input form must be less than ${maxLength} files`);
  }
  return value;
}

function typedValue(form: FormVariable, value: Value): Value {
  const { variable, type, required } = form;
  switch (type) {
    case 'text-input':
    case 'paragraph':
    case 'select':
      return textValue(form, value);
    case 'number':
      return numberValue(form, value);
    case 'checkbox':
      return checkboxValue(value);
    case 'file':
    case 'file-list':
      return value === '' && !required ? null : fileMappings(form, value);
    case 'json_object':
      return isObject(value) || !truthy(value) ? value : refuse(`${variable} in input form must be a dict`);
    default:
      return refuse(`${variable} in input form has the type '${type}', which is not supported`);
  }
}

function formValue(form: FormVariable, inputs: ValueObject): Value {
  const { variable } = form;
  let value = (Object.hasOwn(inputs, variable) ? inputs[variable] : null) ?? null;
  if (value === null) {
    if (form.required) return refuse(`${variable} is required in input form`);
    value = form.default ?? null;
  }
  if (value === null) return null;
  const typed = typedValue(form, value);
  return typeof typed === 'string' ? typed.replaceAll('\0', '') : typed;
}

/** Objects may stand in `file` and `json_object` variables only, lists of objects in `file-list` only. */
function misplaced({ type }: FormVariable, value: Value): boolean {
  if (isObject(value)) return type !== 'file' && type !== 'json_object';
  return Array.isArray(value) && type !== 'file-list' && value.some(isObject);
}

/**
 * Checks a caller's `inputs` against the start form and converts them (service-api 3.1, steps 1 to 4). Undeclared
 * keys are dropped; every declared variable has a value, `null` when it was left out. The first
 * mistake decides the message. Files come next (`placeFiles`), then the last look (`checkPlaces`).
 */
export function validateInputs(form: FormVariable[], inputs: unknown): FormResult {
  if (!isObject(inputs as Value | undefined)) return { ok: false, message: 'inputs must be an object' };
  try {
    const values = form.map((each): [string, Value] => [each.variable, formValue(each, inputs as ValueObject)]);
    return { ok: true, values: objectOf(values) };
  } catch (error) {
    if (error instanceof FormError) return { ok: false, message: error.message };
    throw error;
  }
}

/** The last step (service-api 3.1, step 6): no objects where the form has none. */
export function checkPlaces(form: FormVariable[], values: ValueObject): FormResult {
  const wrong = form.filter((each) => misplaced(each, values[each.variable] ?? null)).map((each) => each.variable);
  return wrong.length === 0
    ? { ok: true, values }
    : { ok: false, message: `Invalid input type for ${pythonRepr(wrong)}` };
}

const positive = (value: Value | undefined): number | undefined => {
  const n = typeof value === 'string' ? Number(value) : isNumber(value) ? Number(pythonStr(value)) : 0;
  return Number.isFinite(n) && n > 0 ? Math.floor(n) : undefined;
};

/** The variables a start node declares, in order; entries without a name are passed over. */
export function parseForm(startData: ValueObject): FormVariable[] {
  const declared = startData['variables'];
  if (!Array.isArray(declared)) return [];
  return declared.flatMap((raw): FormVariable[] => {
    if (!isObject(raw) || raw['variable'] === undefined || raw['variable'] === null) return [];
    const variable = pythonStr(raw['variable']);
    const options = raw['options'];
    return [
      {
        variable,
        label: pythonStr(raw['label'] ?? variable),
        type: pythonStr(raw['type'] ?? 'text-input'),
        required: isOn(raw['required']),
        default: raw['default'] ?? undefined,
        maxLength: positive(raw['max_length']),
        options: Array.isArray(options) ? options.map(pythonStr) : [],
        raw,
      },
    ];
  });
}

import type { FormVariable } from '../api/shapes.js';
import { usageError } from '../exit-codes.js';
import type { Assignment } from './assignments.js';

const yes = new Set(['true', 'yes', 'on', '1']);
const no = new Set(['false', 'no', 'off', '0']);

const isFile = ({ kind }: FormVariable): boolean => kind === 'file' || kind === 'file-list';

/**
 * Inputs given as text become what the app's form declares. What the form asks of a value beyond its type (lengths,
 * options, what is required) is the server's to check.
 * @throws CliError (usage) for an unknown name, a value of another type, or a name given twice
 */
export function typedInputs(form: readonly FormVariable[], given: readonly Assignment[]): Record<string, unknown> {
  const inputs = new Map<string, unknown>();
  for (const { name, value } of given) {
    const variable = variableOf(form, name);
    if (isFile(variable)) throw usageError(`${name} is a file: give it with --file ${name}=path or ${name}=https://…`);
    if (inputs.has(name)) throw usageError(`--input ${name} is given twice.`);
    inputs.set(name, typedValue(variable, value));
  }
  return Object.fromEntries(inputs);
}

/** The variable of a name. @throws CliError (usage) that lists what there is */
export function variableOf(form: readonly FormVariable[], name: string): FormVariable {
  const found = form.find(({ variable }) => variable === name);
  if (found) return found;
  const names = form.map(({ variable, kind, required }) => `${variable} (${kind}${required ? ', required' : ''})`);
  throw usageError(`The app has no input ${name}. It has: ${names.join(', ') || 'none'}.`);
}

function typedValue({ variable, kind }: FormVariable, text: string): unknown {
  switch (kind) {
    case 'number':
      return numberOf(variable, text);
    case 'checkbox': {
      const word = text.trim().toLowerCase();
      if (yes.has(word)) return true;
      if (no.has(word)) return false;
      throw usageError(`${variable} must be true or false, not ${JSON.stringify(text)}.`);
    }
    case 'json_object':
      return objectOf(variable, text);
    default:
      return text;
  }
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A number that JavaScript would round stays text, which the server reads exactly. */
function numberOf(name: string, text: string): number | string {
  const trimmed = text.trim();
  if (!numberPattern.test(trimmed)) throw usageError(`${name} must be a number, not ${JSON.stringify(text)}.`);
  const number = Number(trimmed);
  return String(number) === trimmed ? number : trimmed;
}

/** A JSON object of an input or an option. @throws CliError (usage) */
export function objectOf(name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`${name} is no JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usageError(`${name} must be a JSON object.`);
}

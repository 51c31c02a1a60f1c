import { Float, type Selector, type Value, type ValueObject } from '@millrace/contracts';
import { numberText } from '@millrace/graph';
import { z } from 'zod';
import { NodeFailure } from './node-failure.js';

/** Any value of a workflow file. */
export const anyValue = z.custom<Value>((value) => value !== undefined, 'is required');

/** Text; numbers and booleans that a file left unquoted are taken as text, null as empty. */
export const looseText = z.preprocess((value) => {
  if (value === null || value === undefined) return '';
  if (value instanceof Float) return numberText(value);
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : value;
}, z.string());

/** A selector; parts that a file left unquoted are taken as text. */
export const selector: z.ZodType<Selector> = z.array(looseText);

/** A number of any kind, or text that holds one; `undefined` when it is absent, null or something else. */
export const looseNumber = z.preprocess((value) => {
  if (value instanceof Float) return value.value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}, z.number().optional());

/** A switch: true only when it is on; absent and null are off. */
export const looseFlag = z.preprocess((value) => value === true || value === 'true' || value === 1, z.boolean());

/** A list; null and absent count as empty. */
export const listOf = <T extends z.ZodType>(item: T) => z.preprocess((value) => value ?? [], z.array(item));

/** A selector that may be missing; nothing is found at an empty one. */
export const looseSelector = selector.nullish().transform((path) => path ?? []);

/** `{variable, value_selector}` pairs, as several node types list them. */
export const variableList = listOf(z.object({ variable: looseText, value_selector: looseSelector }));

/**
 * Reads node data once per data object, which lives as long as its cached plan: configuration is parsed on a node's first
 * execution in a process, and a mistake in it is remembered too.
 * @throws NodeFailure from the returned function, with `errorType`, when the data does not fit the schema
 */
export function configured<S extends z.ZodType, T>(
  schema: S,
  prepare: (parsed: z.infer<S>, data: ValueObject) => T,
  errorType = 'WorkflowNodeError',
): (data: ValueObject) => T {
  const known = new WeakMap<ValueObject, { config: T } | { failure: NodeFailure }>();
  const read = (data: ValueObject) => {
    try {
      const parsed = schema.safeParse(data);
      if (!parsed.success) throw new NodeFailure(`Invalid configuration: ${describe(parsed.error)}`, errorType);
      return { config: prepare(parsed.data, data) };
    } catch (error) {
      if (error instanceof NodeFailure) return { failure: error };
      throw error;
    }
  };
  return (data) => {
    let entry = known.get(data);
    if (!entry) known.set(data, (entry = read(data)));
    if ('failure' in entry) throw entry.failure;
    return entry.config;
  };
}

function describe(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'data'}: ${message}`).join('; ');
}

/** A value as plain JSON, for libraries that know no floats of ours. */
export function toPlain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]));
}

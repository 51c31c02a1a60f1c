import { z } from 'zod';
import { formOf, type Form } from './values.js';

/** A slice of the environment: variable name → schema. Apps compose slices by spreading them. */
export type EnvSlice = Readonly<Record<string, z.ZodType>>;
export type EnvValues<S extends EnvSlice> = { [K in keyof S]: z.infer<S[K]> };

/** Everything that is wrong with the environment, in one error. */
export class EnvError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'EnvError';
    this.problems = problems;
  }
}

/**
 * Reads the variables of `slice` from `source`. A blank variable counts as unset.
 * @throws EnvError that lists every problem by variable name, without values.
 */
export function parseEnv<S extends EnvSlice>(
  slice: S,
  source: Readonly<Record<string, string | undefined>>,
): EnvValues<S> {
  const given = Object.fromEntries(
    Object.keys(slice).map((name) => [name, source[name]?.trim() === '' ? undefined : source[name]]),
  );
  const parsed = z.object(slice).safeParse(given);
  if (parsed.success) return parsed.data as EnvValues<S>;
  throw new EnvError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
}

/** The effective values in a form fit for logs: secrets and passwords in addresses are masked. */
export function printableEnv<S extends EnvSlice>(slice: S, values: EnvValues<S>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(slice).map(([name, schema]) => {
      const value: unknown = values[name];
      return [name, value === undefined ? undefined : mask(value, formOf(schema).printing)];
    }),
  );
}

function mask(value: unknown, kind: Form['printing']): unknown {
  if (kind === 'secret') return Array.isArray(value) && value.length === 0 ? [] : '***';
  if (kind !== 'url' || typeof value !== 'string') return value;
  const url = new URL(value);
  if (url.password !== '') url.password = '***';
  return url.href;
}

import type { Value } from '@millrace/contracts';
import { isObject } from '@millrace/graph';
import type { Statement } from './ast.js';
import { TemplateError } from './errors.js';
import { Interpreter } from './interpreter.js';
import { mutating } from './methods.js';
import { parseTemplate } from './parser.js';
import { Scope } from './scope.js';

/** Longest output, in characters (dsl 3.8). */
export const maxOutputLength = 400_000;

/** A parsed template; renders as often as wanted. */
export interface Template {
  /** @throws TemplateError for the author's mistakes and for limits */
  render(variables: Readonly<Record<string, Value>>): string;
}

/**
 * Parses a Jinja2 template. Values print as in Python, undefined names print nothing, nothing is escaped.
 * @throws TemplateError
 */
export function compileTemplate(source: string): Template {
  const body = guarded(() => parseTemplate(source));
  // Methods such as `append` change lists in place; the run's own values must stay as they are.
  const copies = [...mutating].some((name) => source.includes(`.${name}`));
  return {
    render: (variables) =>
      guarded(() => {
        const scope = new Scope();
        for (const [name, value] of Object.entries(variables)) scope.set(name, copies ? copy(value) : value);
        return checked(body, scope);
      }),
  };
}

function checked(body: readonly Statement[], scope: Scope): string {
  const text = new Interpreter(maxOutputLength, tooLong).render(body, scope);
  if (text.length > maxOutputLength && codePoints(text) > maxOutputLength) throw tooLong();
  return text;
}

const tooLong = () => new TemplateError(`Output length exceeds ${maxOutputLength} characters`);

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function copy(value: Value): Value {
  if (Array.isArray(value)) return value.map(copy);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}

/** Deep nesting of values or expressions ends as the author's error, not as ours. */
function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError('The template is nested too deeply or too large');
    throw error;
  }
}

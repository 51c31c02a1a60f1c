import type { Value } from '@millrace/contracts';
import { isObject } from '@millrace/graph';
import type { Statement } from './ast.js';
import { TemplateError } from './errors.js';
import { Interpreter } from './interpreter.js';
import { startMeter } from './meter.js';
import { mutating } from './method.js';
import { parseTemplate } from './parser.js';
import { Dict, type Item } from './runtime.js';
import { Scope } from './scope.js';
import { SharedValue, shareValues } from './sharing.js';

/** Longest output, in characters (dsl 3.8). */
export const maxOutputLength = 400_000;

/** Longest source, in UTF-16 units. */
const maxSourceLength = 1_000_000;

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
  if (source.length > maxSourceLength)
    throw new TemplateError(`The template is longer than ${maxSourceLength} characters`);
  const body = guarded(() => parseTemplate(source));
  // Methods such as `append` change lists in place; the run's own values must stay as they are.
  let copies = [...mutating].some((name) => source.includes(`.${name}`));
  const render = (variables: Readonly<Record<string, Value>>): string =>
    guarded(() => {
      const scope = new Scope();
      for (const [name, value] of Object.entries(variables)) scope.set(name, copies ? copy(value) : value);
      shareValues(!copies);
      return checked(body, scope);
    });
  return {
    render: (variables) => {
      try {
        return render(variables);
      } catch (error) {
        if (!(error instanceof SharedValue)) throw error;
        // The method's name was made up on the way: once more, on copies.
        copies = true;
        return render(variables);
      }
    },
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

function copy(value: Value): Item {
  if (Array.isArray(value)) return value.map((item) => copy(item) as Value);
  if (!isObject(value)) return value;
  return new Dict(Object.entries(value).map(([key, item]) => [key, copy(item)] as const));
}

/** Deep nesting of values or expressions ends as the author's error, not as ours. */
function guarded<T>(run: () => T): T {
  startMeter();
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError('The template is nested too deeply or too large');
    throw error;
  }
}

import type { Selector, Value } from '@millrace/contracts';
import { templateReferences } from './template.js';
import { isInteger, isObject } from './values/types.js';

export interface Reference {
  selector: Selector;
  /** `false` for a list of texts that merely looks like a selector. */
  certain: boolean;
}

/** Files may leave ids of digits unquoted. */
const isPart = (value: Value): value is string | number | bigint => typeof value === 'string' || isInteger(value);

/** Left over by the editor: these types read what their other settings refer to (dsl 1.8). */
const withoutVariables = new Set<Value>(['llm', 'answer', 'parameter-extractor', 'http-request']);

/**
 * Everything in a node's data that may refer to a variable: `{{#…#}}` in any text, and lists of two or
 * more texts or whole numbers, which are selectors for certain under a key that says so.
 */
export function references(data: Value): Reference[] {
  const found: Reference[] = [];
  const walk = (part: Value, key: string): void => {
    if (typeof part === 'string') {
      for (const selector of templateReferences(part)) found.push({ selector, certain: true });
    } else if (Array.isArray(part)) {
      if (part.length > 1 && part.every(isPart)) {
        found.push({ selector: part.map(String), certain: key.endsWith('selector') });
      }
      for (const item of part) walk(item, '');
    } else if (isObject(part)) {
      for (const [name, member] of Object.entries(part)) walk(member, name);
    }
  };
  const leftOver = isObject(data) && withoutVariables.has(data['type'] ?? null);
  walk(leftOver ? { ...data, variables: [] } : data, '');
  return found;
}

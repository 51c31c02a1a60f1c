import type { Selector, Value } from '@millrace/contracts';
import { templateReferences } from './template.js';
import { isObject } from './values/types.js';

const isText = (value: Value): value is string => typeof value === 'string';

/**
 * Everything in a value that may refer to a variable: `{{#…#}}` references in any text, and lists of
 * two or more texts, which may be selectors. Callers keep those whose first part they know.
 */
export function possibleSelectors(value: Value): Selector[] {
  const found: Selector[] = [];
  const walk = (part: Value): void => {
    if (typeof part === 'string') {
      found.push(...templateReferences(part));
    } else if (Array.isArray(part)) {
      if (part.length > 1 && part.every(isText)) found.push(part);
      part.forEach(walk);
    } else if (isObject(part)) {
      Object.values(part).forEach(walk);
    }
  };
  walk(value);
  return found;
}

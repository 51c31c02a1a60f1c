import type { ValueObject } from '@millrace/contracts';
import { objectOf } from './values/objects.js';
import { truthy } from './values/python.js';
import { toText } from './values/text.js';

/**
 * Outputs of a run: those of its completed End nodes, in order of completion. A later value replaces
 * an earlier one of the same name, except `answer`, which is appended as text (dsl 3.5).
 */
export function mergeOutputs(endOutputs: ValueObject[]): ValueObject {
  const merged = new Map<string, ValueObject[string]>();
  for (const outputs of endOutputs) {
    for (const [name, value] of Object.entries(outputs)) {
      const before = merged.get(name);
      const append = name === 'answer' && before !== undefined && truthy(before);
      merged.set(name, append ? toText(before) + toText(value) : value);
    }
  }
  return objectOf([...merged]);
}

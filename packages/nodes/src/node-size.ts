import type { NodeResult, Value, ValueObject } from '@millrace/contracts';
import { TextSizeError } from '@millrace/graph';

/** Most characters of all values of one execution: many names may stand for the same long text, and each is written out. */
const mostCharacters = 48 * 1024 * 1024;
/** What a value costs beside its characters. */
const each = 4;

/** What is left of so many characters when the value is written out; looks no further when nothing is. */
function leftAfter(value: Value | undefined, left: number): number {
  if (typeof value === 'string') return left - value.length - each;
  if (typeof value !== 'object' || value === null) return left - each;
  let rest = left - each;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && rest >= 0; at += 1) rest = leftAfter(value[at], rest);
    return rest;
  }
  for (const [name, member] of Object.entries(value)) {
    if (rest < 0) return rest;
    rest = leftAfter(member as Value, rest - name.length);
  }
  return rest;
}

const fits = (...parts: (ValueObject | undefined)[]): boolean =>
  parts.reduce((left, part) => (left < 0 ? left : leftAfter(part, left)), mostCharacters) >= 0;

const message = `The values of the node have more than ${mostCharacters} characters`;

/** @throws TextSizeError when the values together are too long to be shown and kept */
export function checkSize(values: ValueObject): void {
  if (!fits(values)) throw new TextSizeError(message);
}

/** The result, or a failure without values when they are too long to be shown and kept. */
export function boundedResult(result: NodeResult): NodeResult {
  const { inputs, processData, metadata } = result;
  if (fits(inputs, processData, result.status === 'succeeded' ? result.outputs : undefined)) return result;
  return { status: 'failed', error: message, errorType: 'TextSizeError', inputs: {}, processData: {}, metadata };
}

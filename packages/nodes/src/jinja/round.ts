import type { Value } from '@millrace/contracts';
import { floatValue, formatFloat, isInteger, isNumber, toDouble } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { kindOf } from './runtime.js';

/** Jinja's `round`: `common` rounds as Python does (ties to even, on the exact double), `ceil` and `floor` as named. */
export function roundNumber(value: Value, digits: number, method: string): Value {
  if (!isNumber(value)) throw new TemplateError(`type ${kindOf(value)} doesn't define __round__ method`);
  if (method === 'ceil' || method === 'floor') {
    const factor = 10 ** digits;
    return floatValue(Math[method](toDouble(value) * factor) / factor);
  }
  if (method !== 'common') throw new TemplateError('method must be common, ceil or floor');
  if (isInteger(value)) return value;
  const x = toDouble(value);
  if (!Number.isFinite(x) || Math.abs(x) >= 1e21) return floatValue(x);
  if (digits < 0) {
    const factor = 10 ** -digits;
    return floatValue(halfEven(x / factor) * factor);
  }
  return floatValue(Number(fixedText(x, Math.min(digits, 60))));
}

/** A double with so many digits, as Python's `%.2f` writes it: only a true tie goes to the even digit. */
export function fixedText(x: number, places: number): string {
  if (!Number.isFinite(x) || Math.abs(x) >= 1e21) return formatFloat(x);
  const exact = x.toFixed(100);
  const isTie = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + places));
  const factor = 10 ** places;
  return (isTie ? halfEven(x * factor) / factor : x).toFixed(places);
}

function halfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

import { Float } from '@millrace/contracts';
import { toDouble } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { CodeOutputLimits } from './limits.js';

export const invalid = (message: string): NodeFailure => new NodeFailure(message, 'OutputValidationError');

/** A text within the limit, without NULs. @throws NodeFailure */
export function checkText(value: string, path: string, { maxStringLength }: CodeOutputLimits): string {
  if (isLonger(value, maxStringLength)) {
    throw invalid(`The length of output variable \`${path}\` must be less than ${maxStringLength} characters`);
  }
  return value.replaceAll('\0', '');
}

/** Counts code points, and only when the UTF-16 length leaves it open. */
function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false;
  if (value.length > 2 * max) return true;
  let length = 0;
  for (const _ of value) length += 1;
  return length > max;
}

/** A number within range and precision. @throws NodeFailure */
export function checkNumber(value: number | bigint | Float, path: string, limits: CodeOutputLimits): void {
  const number = value instanceof Float ? value.value : value;
  const { minNumber, maxNumber, maxPrecision } = limits;
  // The order operators compare a bigint with a double by value.
  if (number > maxNumber || number < minNumber) {
    throw invalid(`Output variable \`${path}\` is out of range, it must be between ${minNumber} and ${maxNumber}.`);
  }
  if (decimalPlaces(value) > maxPrecision) {
    throw invalid(`Output variable \`${path}\` has too high precision, it must be less than ${maxPrecision} digits.`);
  }
}

/** Digits behind the point when the shortest text of a number is written without exponent. */
function decimalPlaces(value: number | bigint | Float): number {
  const number = toDouble(value);
  if (Number.isInteger(number) || !Number.isFinite(number)) return 0;
  const [mantissa = '', exponent = '0'] = number.toExponential().split('e');
  return (mantissa.split('.')[1]?.length ?? 0) - Number(exponent);
}

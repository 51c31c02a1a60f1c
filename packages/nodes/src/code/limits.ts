/** What the declared outputs of a code node may hold (dsl 4.11). */
export interface CodeOutputLimits {
  /** Characters (code points) of a text. Default 400 000. */
  maxStringLength: number;
  /** Largest number, included. Default 2^63 - 1. */
  maxNumber: bigint;
  /** Smallest number, included. Default -2^63. */
  minNumber: bigint;
  /** Decimal places of a float. Default 20. */
  maxPrecision: number;
  /** Levels of nested mappings; the result itself is the first. Default 5. */
  maxDepth: number;
  /** Items of an `array[string]`. Default 30. */
  maxStringArrayLength: number;
  /** Items of an `array[object]`. Default 30. */
  maxObjectArrayLength: number;
  /** Items of an `array[number]`. Default 1000. */
  maxNumberArrayLength: number;
}

export const defaultCodeOutputLimits: CodeOutputLimits = {
  maxStringLength: 400_000,
  maxNumber: 2n ** 63n - 1n,
  minNumber: -(2n ** 63n),
  maxPrecision: 20,
  maxDepth: 5,
  maxStringArrayLength: 30,
  maxObjectArrayLength: 30,
  maxNumberArrayLength: 1000,
};

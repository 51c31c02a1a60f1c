/**
 * JSON text in which integers and floats are kept apart: an integral float is written `1.0`,
 * an integer `1`; NaN and infinities are bare words, as in Python, except in what the public sees (`publicJson`).
 * Users' values cross every port in this form, as opaque strings; only
 * `@millrace/graph` (`values/json.ts`) reads and writes it.
 */
export type JsonText = string;

/** A float whose value is integral (`1.0`); other floats are plain `number`s. */
export class Float {
  constructor(readonly value: number) {}
  toJSON(): number {
    return this.value;
  }
}

/** A run-time value. Integers are safe-integer `number`s or, beyond 2^53, `bigint`s. */
export type Value = null | boolean | number | bigint | Float | string | Value[] | ValueObject;
export interface ValueObject {
  [key: string]: Value;
}

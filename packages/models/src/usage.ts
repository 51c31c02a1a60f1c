import type { ModelUsage } from '@millrace/contracts';
import { add, formatDecimal, multiply, parseDecimal } from './decimal.js';
import type { Price } from './prices.js';

/** Prices are per million tokens. */
const priceUnit = '0.000001';

export interface Measured {
  promptTokens: number;
  completionTokens: number;
  /** Milliseconds from the call to the end, and to the first text; `undefined` when no text came. */
  totalMs: number;
  firstTextMs: number | undefined;
}

/** Tokens, exact prices and times of one call, in the form of the `usage` output (dsl 4.6). */
export function buildUsage(unit: Price, measured: Measured): ModelUsage {
  const price = (tokens: number, perMillion: string) =>
    multiply(multiply({ units: BigInt(tokens), scale: 0 }, parseDecimal(perMillion)), parseDecimal(priceUnit));
  const prompt = price(measured.promptTokens, unit.input);
  const completion = price(measured.completionTokens, unit.output);
  const { totalMs, firstTextMs } = measured;
  return {
    prompt_tokens: measured.promptTokens,
    prompt_unit_price: unit.input,
    prompt_price_unit: priceUnit,
    prompt_price: formatDecimal(prompt),
    completion_tokens: measured.completionTokens,
    completion_unit_price: unit.output,
    completion_price_unit: priceUnit,
    completion_price: formatDecimal(completion),
    total_tokens: measured.promptTokens + measured.completionTokens,
    total_price: formatDecimal(add(prompt, completion)),
    currency: 'USD',
    latency: seconds(totalMs),
    time_to_first_token: firstTextMs === undefined ? null : seconds(firstTextMs),
    time_to_generate: firstTextMs === undefined ? null : seconds(totalMs - firstTextMs),
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

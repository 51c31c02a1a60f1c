import { z } from 'zod';
import { canonicalName } from './catalog.js';
import { parseDecimal } from './decimal.js';
import { priceTable } from './price-table.js';

/** US dollars per million tokens. */
export interface Price {
  input: string;
  output: string;
}

/** Prices of an operator's own, by provider and model; they win over the list prices. */
export type PriceOverrides = Readonly<Record<string, Readonly<Record<string, Price>>>>;

const free: Price = { input: '0', output: '0' };

const amount = z.union([z.string(), z.number()]).transform((value, context) => {
  const text = String(value);
  try {
    parseDecimal(text);
    return text;
  } catch {
    context.addIssue({ code: 'custom', message: `'${text}' is not a plain decimal number` });
    return z.NEVER;
  }
});
const overrides = z.record(z.string(), z.record(z.string(), z.strictObject({ input: amount, output: amount })));

/**
 * Reads an operator's prices: `{"openai":{"my-model":{"input":"0.2","output":"0.8"}}}`, US dollars per million tokens.
 * @throws Error that names every mistake
 */
export function parsePrices(text: string): PriceOverrides {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`the prices are not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  const parsed = overrides.safeParse(json);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
  throw new Error(`the prices are not valid: ${mistakes.join('; ')}`);
}

/** The price of a model; dated names (`gpt-4o-2024-08-06`) cost what their family costs, unknown ones nothing. */
export function priceOf(provider: string, model: string, own: PriceOverrides = {}): Price {
  const names = namesOf(model);
  const canonical = canonicalName(provider);
  for (const name of names) {
    const price = own[provider]?.[name] ?? own[canonical]?.[name];
    if (price) return price;
  }
  for (const name of names) {
    for (const table of tablesOf(canonical)) {
      const found = priceTable[table]?.[name];
      if (found) return { input: found[0], output: found[1] };
    }
  }
  return free;
}

/** Clouds that sell other makers' models at the makers' list prices. */
const resold: Record<string, string[]> = {
  azure_openai: ['openai'],
  bedrock: ['bedrock', 'anthropic'],
  vertex_ai: ['google', 'anthropic'],
};
const tablesOf = (provider: string): string[] => resold[provider] ?? [provider];

/** A model's name as it is, without the wrapping of clouds, and without its date. */
function namesOf(model: string): string[] {
  const bare = model
    .replace(/^models\//, '')
    .replace(/^(us|eu|apac|jp|au|global|us-gov)\./, '')
    .replace(/^anthropic\./, '')
    .replace(/-v\d+(:\d+)?$/, '')
    .replace(/@.*$/, '');
  return [model, bare, bare.replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|latest)$/, '')];
}

/** US dollars per million tokens. */
export interface Price {
  input: string;
  output: string;
}

/**
 * List prices as the providers published them, state of autumn 2025, standard tier, shortest context, no caching
 * discounts. A model that is not listed costs nothing here; see DECISIONS.md.
 */
const table: Record<string, Record<string, readonly [input: string, output: string]>> = {
  openai: {
    'gpt-5': ['1.25', '10'],
    'gpt-5-mini': ['0.25', '2'],
    'gpt-5-nano': ['0.05', '0.4'],
    'gpt-5-chat': ['1.25', '10'],
    'gpt-4.1': ['2', '8'],
    'gpt-4.1-mini': ['0.4', '1.6'],
    'gpt-4.1-nano': ['0.1', '0.4'],
    'gpt-4o': ['2.5', '10'],
    'gpt-4o-mini': ['0.15', '0.6'],
    'chatgpt-4o': ['5', '15'],
    o1: ['15', '60'],
    'o1-mini': ['1.1', '4.4'],
    o3: ['2', '8'],
    'o3-mini': ['1.1', '4.4'],
    'o4-mini': ['1.1', '4.4'],
    'gpt-4-turbo': ['10', '30'],
    'gpt-4': ['30', '60'],
    'gpt-4-32k': ['60', '120'],
    'gpt-3.5-turbo': ['0.5', '1.5'],
    'gpt-3.5-turbo-instruct': ['1.5', '2'],
  },
  anthropic: {
    'claude-opus-4-5': ['5', '25'],
    'claude-opus-4-1': ['15', '75'],
    'claude-opus-4': ['15', '75'],
    'claude-sonnet-4-5': ['3', '15'],
    'claude-sonnet-4': ['3', '15'],
    'claude-haiku-4-5': ['1', '5'],
    'claude-3-7-sonnet': ['3', '15'],
    'claude-3-5-sonnet': ['3', '15'],
    'claude-3-5-haiku': ['0.8', '4'],
    'claude-3-opus': ['15', '75'],
    'claude-3-haiku': ['0.25', '1.25'],
  },
  google: {
    'gemini-2.5-pro': ['1.25', '10'],
    'gemini-2.5-flash': ['0.3', '2.5'],
    'gemini-2.5-flash-lite': ['0.1', '0.4'],
    'gemini-2.0-flash': ['0.1', '0.4'],
    'gemini-2.0-flash-lite': ['0.075', '0.3'],
    'gemini-1.5-pro': ['1.25', '5'],
    'gemini-1.5-flash': ['0.075', '0.3'],
    'gemini-1.5-flash-8b': ['0.0375', '0.15'],
  },
};

const free: Price = { input: '0', output: '0' };

/** The price of a model; dated names (`gpt-4o-2024-08-06`) cost what their family costs, unknown ones nothing. */
export function priceOf(provider: string, model: string): Price {
  const models = table[provider === 'gemini' ? 'google' : provider];
  const family = model.replace(/^models\//, '').replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|latest)$/, '');
  const found = models?.[model] ?? models?.[family];
  return found ? { input: found[0], output: found[1] } : free;
}

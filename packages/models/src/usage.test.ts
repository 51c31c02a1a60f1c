import { add, formatDecimal, multiply, parseDecimal } from './decimal.js';
import { priceOf } from './prices.js';
import { buildUsage } from './usage.js';

describe('decimals', () => {
  it.each(['0', '1', '0.15', '0.0004125', '12.5', '1000000'])('keeps %s', (text) =>
    expect(formatDecimal(parseDecimal(text))).toBe(text),
  );

  it('adds and multiplies without rounding', () => {
    expect(formatDecimal(add(parseDecimal('0.1'), parseDecimal('0.2')))).toBe('0.3');
    expect(formatDecimal(multiply(parseDecimal('0.07'), parseDecimal('100')))).toBe('7');
    expect(() => parseDecimal('1e-7')).toThrow("'1e-7' is not a decimal number");
  });
});

describe('prices', () => {
  it.each([
    ['openai', 'gpt-4o-mini', '0.15'],
    ['openai', 'gpt-4o-mini-2024-07-18', '0.15'],
    ['openai', 'gpt-4-0613', '30'],
    ['anthropic', 'claude-sonnet-4-5-20250929', '3'],
    ['gemini', 'models/gemini-1.5-pro-002', '1.25'],
    ['openai', 'nobody-knows', '0'],
    ['openai_api_compatible', 'gpt-4o', '0'],
  ])('%s %s costs %s', (provider, model, input) => expect(priceOf(provider, model).input).toBe(input));
});

describe('buildUsage', () => {
  it('gives exact prices and seconds', () => {
    const measured = { promptTokens: 350, completionTokens: 600, totalMs: 1234.4, firstTextMs: 234 };
    expect(buildUsage('openai', 'gpt-4o-mini', measured)).toEqual({
      prompt_tokens: 350,
      prompt_unit_price: '0.15',
      prompt_price_unit: '0.000001',
      prompt_price: '0.0000525',
      completion_tokens: 600,
      completion_unit_price: '0.6',
      completion_price_unit: '0.000001',
      completion_price: '0.00036',
      total_tokens: 950,
      total_price: '0.0004125',
      currency: 'USD',
      latency: 1.234,
      time_to_first_token: 0.234,
      time_to_generate: 1,
    });
  });

  it('costs nothing when the model is unknown', () => {
    const measured = { promptTokens: 3, completionTokens: 4, totalMs: 1, firstTextMs: undefined };
    const expected = { total_price: '0', currency: 'USD', total_tokens: 7, time_to_first_token: null };
    expect(buildUsage('x', 'y', measured)).toMatchObject(expected);
  });
});

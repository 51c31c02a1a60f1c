import { add, formatDecimal, multiply, parseDecimal } from './decimal.js';
import { parsePrices, priceOf } from './prices.js';
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
    ['gemini', 'models/gemini-2.5-pro-002', '1.25'],
    ['google', 'gemini-2.5-flash', '0.3'],
    ['bedrock', 'us.anthropic.claude-3-5-sonnet-20240620-v1:0', '3'],
    ['bedrock', 'amazon.nova-lite-v1:0', '0.06'],
    ['vertex_ai', 'claude-sonnet-4-5@20250929', '3'],
    ['azure', 'gpt-4o', '2.5'],
    ['mistralai', 'mistral-large-latest', '0.5'],
    ['openai', 'nobody-knows', '0'],
    ['openai_api_compatible', 'gpt-4o', '0'],
  ])('%s %s costs %s', (provider, model, input) => expect(priceOf(provider, model).input).toBe(input));
});

describe("an operator's prices", () => {
  const own = parsePrices(
    '{"openai":{"gpt-4o":{"input":"9","output":10.5}},"google":{"my-tune":{"input":"1","output":"2"}}}',
  );
  it('win over the list prices', () => {
    expect(priceOf('openai', 'gpt-4o-2024-08-06', own)).toEqual({ input: '9', output: '10.5' });
    expect(priceOf('gemini', 'my-tune', own).output).toBe('2');
    expect(priceOf('openai', 'gpt-4o-mini', own).input).toBe('0.15');
  });

  it.each([
    ['{', 'not valid JSON'],
    ['{"a":{"b":{"input":"1"}}}', 'a.b.output'],
    ['{"a":{"b":{"input":"-1","output":"1"}}}', "'-1' is not a plain decimal number"],
    ['[]', 'file:'],
  ])('%s is refused', (text, mistake) => expect(() => parsePrices(text)).toThrow(mistake));
});

describe('buildUsage', () => {
  it('gives exact prices and seconds', () => {
    const measured = { promptTokens: 350, completionTokens: 600, totalMs: 1234.4, firstTextMs: 234 };
    expect(buildUsage(priceOf('openai', 'gpt-4o-mini'), measured)).toEqual({
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
    expect(buildUsage(priceOf('x', 'y'), measured)).toMatchObject(expected);
  });
});

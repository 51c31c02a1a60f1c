import { isUnavailable } from './availability.js';

const coded = (code: string, cause?: unknown) => Object.assign(new Error('x', { cause }), { code });

describe('isUnavailable', () => {
  it.each(['ECONNREFUSED', '57P01', '57P03', '08006', '53300', '57014', 'P1001', 'P2024'])('knows %s', (code) => {
    expect(isUnavailable(coded(code))).toBe(true);
    expect(isUnavailable(new Error('outer', { cause: coded(code) }))).toBe(true);
    expect(isUnavailable(new AggregateError([coded(code)]))).toBe(true);
  });

  it.each(['Connection terminated unexpectedly', 'Query read timeout', 'timeout exceeded when trying to connect'])(
    'knows "%s"',
    (message) => {
      expect(isUnavailable(new Error(message))).toBe(true);
    },
  );

  it.each([
    coded('23505'),
    coded('22P02'),
    coded('P2002'),
    new Error('x'),
    new AggregateError([]),
    null,
    'x',
    undefined,
  ])('lets %p be', (error) => {
    expect(isUnavailable(error)).toBe(false);
  });
});

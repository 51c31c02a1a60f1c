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

  /** As Prisma wraps what it has no code for: `P2039` of its models, `P2010` of raw statements. */
  const wrapped = (code: string, originalCode: string) =>
    Object.assign(coded(code), {
      meta: { driverAdapterError: new Error('postgres', { cause: { kind: 'postgres', originalCode } }) },
    });

  it.each(['P2039', 'P2010'])('knows what Prisma wraps in %s', (code) => {
    expect(isUnavailable(wrapped(code, '57P03'))).toBe(true);
    expect(isUnavailable(wrapped(code, '57P01'))).toBe(true);
    expect(isUnavailable(wrapped(code, '42601'))).toBe(false);
  });

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

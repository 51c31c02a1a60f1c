import {
  EnvError,
  bigInteger,
  bool,
  bytes,
  cidrList,
  databaseEnv,
  duration,
  integer,
  parseEnv,
  printableEnv,
  ratio,
  secret,
  secretKeyEnv,
  secretList,
  someOf,
} from './index.js';

const problemsOf = (act: () => unknown): readonly string[] => {
  try {
    act();
  } catch (error) {
    if (error instanceof EnvError) return error.problems;
    throw error;
  }
  throw new Error('expected an EnvError');
};

describe('parseEnv', () => {
  it('converts units', () => {
    const slice = { WAIT: duration(), SIZE: bytes(), FLAG: bool(), NETS: cidrList(), TOP: bigInteger() };
    expect(
      parseEnv(slice, {
        WAIT: '1.5m',
        SIZE: '2MiB',
        FLAG: 'off',
        NETS: '127.0.0.0/8, ::1',
        TOP: '-9223372036854775808',
      }),
    ).toEqual({
      WAIT: 90_000,
      SIZE: 2_097_152,
      FLAG: false,
      NETS: ['127.0.0.0/8', '::1/128'],
      TOP: -(2n ** 63n),
    });
  });

  it('takes a blank variable as unset', () => {
    expect(parseEnv({ A: integer().default(7), B: duration().optional() }, { A: ' ', B: '' })).toEqual({ A: 7 });
  });

  it('names every problem at once and no value', () => {
    const slice = {
      ...databaseEnv,
      KEY: secret(16),
      N: integer({ min: 1, max: 9 }),
      NETS: cidrList(),
    };
    const problems = problemsOf(() => parseEnv(slice, { KEY: 'hunter2', N: '10', NETS: '10.0.0.0/33' }));
    expect(problems).toEqual([
      'DATABASE_URL is required',
      'KEY must be at least 16 characters long',
      'N must be a whole number from 1 to 9',
      'NETS must be a comma-separated list of networks such as 10.0.0.0/8',
    ]);
  });

  it('takes some of a list of words and no other', () => {
    const checks = someOf(['redis', 'schema']);
    expect(checks.parse('schema, redis')).toEqual(['schema', 'redis']);
    expect(checks.safeParse('redis,everything').success).toBe(false);
  });

  it('takes a key with a comma for what it may be: one key, or two', () => {
    const [one, other] = ['a'.repeat(32), 'b'.repeat(32)];
    const keys = secretList(32);
    expect(keys.parse(one)).toEqual([one]);
    expect(keys.parse(`short,${one}`)).toEqual([`short,${one}`]);
    expect(keys.parse(`${one},${other}`)).toEqual([one, other, `${one},${other}`]);
    expect(keys.safeParse('short').success).toBe(false);
  });

  it('takes shares from 0 to 1', () => {
    expect(['0', '0.25', '1'].map((value) => ratio().parse(value))).toEqual([0, 0.25, 1]);
    for (const value of ['-1', '2', 'all', 'NaN', ' ']) expect(ratio().safeParse(value).success).toBe(false);
  });

  it.each(['5 min', '-1s', '', 'x'])('refuses the duration %p', (value) => {
    expect(duration().safeParse(value).success).toBe(false);
  });
});

describe('printableEnv', () => {
  it('masks secrets, also behind optional and default', () => {
    const slice = { ...databaseEnv, ...secretKeyEnv, OLD: secret(4).optional(), N: integer().default(3) };
    const values = parseEnv(slice, {
      DATABASE_URL: 'postgres://me:pass@localhost:5/db',
      MILLRACE_SECRET_KEY: 'k'.repeat(32),
      MILLRACE_SECRET_KEY_PREVIOUS: 'o'.repeat(32),
      OLD: 'hidden',
    });
    expect(values.MILLRACE_SECRET_KEY_PREVIOUS).toEqual(['o'.repeat(32)]);
    expect(printableEnv(slice, values)).toEqual({
      DATABASE_URL: 'postgres://me:***@localhost:5/db',
      MILLRACE_SECRET_KEY: '***',
      MILLRACE_SECRET_KEY_PREVIOUS: '***',
      OLD: '***',
      N: 3,
    });
  });
});

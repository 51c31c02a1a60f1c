import { compileSchema } from './json-schema.js';

/** Doubles the work with each definition: `d0` is validated 2^40 times. */
const doubling = {
  $ref: '#/definitions/d40',
  definitions: Object.fromEntries(
    Array.from({ length: 41 }, (_, level) => {
      const next = { $ref: `#/definitions/d${level - 1}` };
      return [`d${level}`, level === 0 ? { type: 'object' } : { allOf: [next, next] }];
    }),
  ),
};

it.each<[string, object, unknown]>([
  ['a pattern that backtracks', { properties: { a: { pattern: '^(a+)+$' } } }, { a: `${'a'.repeat(60)}b` }],
  ['names that backtrack', { patternProperties: { '^(a|aa)+$': { type: 'null' } } }, { [`${'a'.repeat(60)}b`]: 1 }],
  [
    'many items to compare',
    { properties: { a: { uniqueItems: true } } },
    { a: Array.from({ length: 60_000 }, (_, item) => ({ item })) },
  ],
  ['references that double', doubling, {}],
])('%s: the check ends, with a clear message', async (_, schema, value) => {
  const validate = await compileSchema(schema);
  expect(validate(value)).toBe('the check took longer than 500 ms');
  // And the watchdog leaves nothing behind.
  expect((await compileSchema({ type: 'object' }))({})).toBeUndefined();
});

it('a value that nests too deeply for its schema is a violation', async () => {
  const validate = await compileSchema({ properties: { a: { $ref: '#' } } });
  let value = {};
  for (let level = 0; level < 100_000; level++) value = { a: value };
  expect(validate(value)).toMatch(/call stack/);
});

it('patterns have all that JavaScript offers', async () => {
  const validate = await compileSchema({ properties: { a: { pattern: '^(?=.*\\d)(?=.*[a-z]).{4,}$' } } });
  expect(validate({ a: 'abc1' })).toBeUndefined();
  expect(validate({ a: 'abcd' })).toBe('/a must match pattern "^(?=.*\\d)(?=.*[a-z]).{4,}$"');
});

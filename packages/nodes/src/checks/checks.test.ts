import { stringifyJson } from '@millrace/graph';
import type { Check } from './check.js';
import { createChecks } from './checks.js';
import { isTame } from './tame.js';
import { TenantQueue } from './tenant-queue.js';

const object = (schema: object, value: unknown): Check => ({
  kind: 'object',
  schema: JSON.stringify(schema),
  text: JSON.stringify(value),
});
const endless = object({ properties: { a: { pattern: '^(a+)+$' } } }, { a: `${'a'.repeat(60)}b` });
const patterned = object({ properties: { a: { pattern: '^a$' } } }, { a: 'a' });

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

/** How often this thread got round while something went on. */
async function roundsDuring<T>(work: Promise<T>): Promise<{ result: T; rounds: number }> {
  let rounds = 0;
  const timer = setInterval(() => (rounds += 1), 5);
  try {
    return { result: await work, rounds };
  } finally {
    clearInterval(timer);
  }
}

const late = 'the check took longer than 2000 ms';
/** Every quote could end its item: each wants a look at all that follow. */
const quoted = `["a${'"a'.repeat(150_000)}`;
const tooLong = 'the text takes too long to mend';
const answerTooLong = { wrong: `Failed to parse structured output (stage=result, path=$): ${tooLong}` };
it.each<[string, Check, object]>([
  ['a pattern that backtracks', endless, { wrong: late }],
  [
    'names that backtrack',
    object({ patternProperties: { '^(a|aa)+$': { type: 'null' } } }, { [`${'a'.repeat(60)}b`]: 1 }),
    { wrong: late },
  ],
  [
    'many items to compare',
    object(
      { properties: { a: { uniqueItems: true } } },
      { a: Array.from({ length: 100_000 }, (_, item) => ({ item })) },
    ),
    { wrong: late },
  ],
  ['references that double', object(doubling, {}), { wrong: late }],
  ['quotes to mend', { kind: 'mend', schema: '', text: quoted }, { wrong: tooLong }],
  ['an answer to mend', { kind: 'answer', schema: '{}', text: quoted }, answerTooLong],
  [
    'values compared with values',
    object(
      { properties: { a: { items: { enum: Array.from({ length: 20_000 }, (_, id) => ({ id })) } } } },
      { a: Array.from({ length: 20_000 }, () => ({ id: 'x' })) },
    ),
    { wrong: late },
  ],
])('C1, C2: %s: the check ends and holds nobody up', async (_, wanted, expected) => {
  const { result, rounds } = await roundsDuring(createChecks().check('t', wanted));
  expect(result).toEqual(expected);
  expect(rounds).toBeGreaterThan(10);
});

it('C2: a check that eats memory is cut off', async () => {
  // Every violation is kept, with its value: a thousand for each of many items.
  const branches = Array.from({ length: 2_000 }, (_, at) => ({ const: at }));
  const schema = stringifyJson({ properties: { a: { items: { allOf: branches } } } });
  const text = JSON.stringify({ a: Array.from({ length: 20_000 }, () => -1) });
  const finding = await createChecks().check('t', { kind: 'answer', schema, text });
  expect(finding).toHaveProperty('wrong', expect.stringMatching(/took (more than 256 MB|longer than 2000 ms)$/));
});

it('C3: one tenant waits for no more than a check of each other', async () => {
  const checks = createChecks();
  const ended: string[] = [];
  const ask = (tenant: string, wanted: Check) => checks.check(tenant, wanted).then(() => ended.push(tenant));
  const hostile = Array.from({ length: 5 }, () => ask('hostile', endless));
  await ask('other', patterned);
  // Two are in the threads, and no more than those and one more may have been before it.
  expect(ended.length).toBeLessThanOrEqual(4);
  expect(ended).toContain('other');
  await Promise.all(hostile);
  expect(ended.length).toBe(6);
}, 120_000);

it('goes on in a new thread', async () => {
  const checks = createChecks();
  for (let at = 0; at < 2; at++) {
    expect(await checks.check('t', endless)).toEqual({ wrong: late });
    expect(await checks.check('t', patterned)).toEqual({ json: '' });
  }
}, 120_000);

it('patterns have all that JavaScript offers', async () => {
  const schema = { properties: { a: { pattern: '^(?=.*\\d)(?=.*[a-z]).{4,}$' } } };
  const { check } = createChecks();
  expect(await check('t', object(schema, { a: 'abc1' }))).toEqual({ json: '' });
  expect(await check('t', object(schema, { a: 'abcd' }))).toEqual({
    wrong: '/a must match pattern "^(?=.*\\d)(?=.*[a-z]).{4,}$"',
  });
});

it('draft 7 holds, whatever dialect a schema says it is in', async () => {
  const { check } = createChecks();
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', required: ['a'] };
  expect(await check('t', object(schema, { a: 1 }))).toEqual({ json: '' });
  expect(await check('t', object(schema, {}))).toHaveProperty('wrong', expect.stringContaining("'a'"));
  expect(await check('t', { ...object(schema, {}), kind: 'schema' })).toEqual({ json: '' });
  expect(await check('t', { kind: 'answer', schema: JSON.stringify(schema), text: '{"a": 1}' })).toEqual({
    json: '{"a":1}',
  });
});

it('a value that nests too deeply for its schema is a violation', async () => {
  const text = `${'{"a":'.repeat(30_000)}{}${'}'.repeat(30_000)}`;
  const schema = JSON.stringify({ properties: { a: { $ref: '#' } } });
  const finding = await createChecks().check('t', { kind: 'object', schema, text });
  expect(finding).toHaveProperty('wrong', expect.stringMatching(/call stack|nest/));
});

it.each<[string, boolean, Check]>([
  ['types', true, object({ type: 'object', properties: { a: { type: 'string', maxLength: 3 } } }, { a: 'x' })],
  ['a pattern', false, patterned],
  ['a reference', false, object({ $ref: '#/definitions/a' }, {})],
  ['distinct items', false, object({ items: { uniqueItems: true } }, {})],
  ['a value called like a word', true, object({ enum: ['pattern', '$ref'] }, {})],
  ['much of both', false, object({ enum: Array.from({ length: 5000 }, String) }, Array(5000).fill('x'))],
  ['a short answer to mend', true, { kind: 'answer', schema: '{}', text: '{a: 1}' }],
  ['a long answer to mend', false, { kind: 'answer', schema: '{}', text: `{a: "${'x'.repeat(5000)}"}` }],
  ['a long answer in order', true, { kind: 'answer', schema: '{}', text: JSON.stringify(['x'.repeat(50_000)]) }],
])('%s: done at once %s', (_, tame, wanted) => {
  expect(isTame(wanted)).toBe(tame);
});

it('a queue gives tenants their turns', () => {
  const queue = new TenantQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.add(item[0] ?? '', item);
  const order = [queue.next(), queue.next()];
  queue.add('c', 'c1');
  while (queue.size > 0) order.push(queue.next());
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'c1', 'a3']);
  expect(queue.next()).toBeUndefined();
});

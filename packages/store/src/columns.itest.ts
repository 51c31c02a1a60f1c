import pg from 'pg';
import { startTestStore, type TestStore } from './testing/store.js';
import { toColumns } from './columns.js';

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(() => db.close());

it.each([
  ['plain', ['a', 'B_1', '1-3', '2026-11-26T00:00:00.000Z', '00000000-0000-4000-8000-000000000001']],
  ['a number', [1, '2.5', -3]],
  ['null as a word', ['null', 'a']],
  ['NULL as a word', ['NULL']],
  ['null', [null, 'a']],
  ['empty', ['', 'a']],
  ['braces and commas', ['{a,b}', 'a,b', '}']],
  ['quotes', ['"', "'", '\\', 'a"b']],
  ['spaces and lines', [' a', 'a ', 'a b', '\n']],
  ['beyond ASCII', ['é', '語', '😀']],
])('a column arrives as it is: %s', async (_, values) => {
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  const columns = toColumns(values, [(value) => value]);
  const { rows } = await client.query<{ value: string | null }>('SELECT * FROM unnest($1::text[]) AS value', columns);
  await client.end();
  expect(rows.map(({ value }) => value)).toEqual(values.map((value) => value && String(value)));
});

it('plain columns are text already', () => {
  expect(toColumns([1, 2], [(n) => `a-${n}`, (n) => `a ${n}`])).toEqual(['{a-1,a-2}', ['a 1', 'a 2']]);
});

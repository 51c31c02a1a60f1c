import { PreparedCode } from './prepared-code.js';

const form = (length: number): Uint8Array => new Uint8Array(length);
const quarter = 1_048_576;

test('keeps what was used last, within its room', () => {
  const known = new PreparedCode();
  for (const code of ['a', 'b', 'c']) known.keep(code, form(quarter));
  expect(known.get('a')).toHaveLength(quarter);
  for (const code of ['d', 'e']) known.keep(code, form(quarter));
  expect(['a', 'b', 'c', 'd', 'e'].map((code) => known.get(code) !== undefined)).toEqual([
    true,
    false,
    false,
    true,
    true,
  ]);
});

test('what does not fit at all is not kept', () => {
  const known = new PreparedCode();
  known.keep('huge', form(5 * quarter));
  expect(known.get('huge')).toBeUndefined();
  known.keep('small', form(1));
  expect(known.get('small')).toHaveLength(1);
});

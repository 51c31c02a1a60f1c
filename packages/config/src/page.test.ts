import { configurationPage, variablesOf } from './page.js';
import { bigInteger, bool, bytes, duration, integer, list, oneOf, secret, serviceUrl, text } from './values.js';

describe('variablesOf', () => {
  it.each([
    [duration().default(50_000), 'duration', '50s'],
    [duration().default(1_200_000), 'duration', '20m'],
    [duration().default(1_500), 'duration', '1500ms'],
    [bytes().default(10 * 1024 ** 2), 'size in bytes', '10MiB'],
    [bytes().default(1000), 'size in bytes', '1000'],
    [integer({ min: 1, max: 9 }).default(3), 'whole number from 1 to 9', '3'],
    [integer().default(0), 'whole number of at least 0', '0'],
    [bigInteger().default(-5n), 'whole number', '-5'],
    [bool().default(false), '`true` or `false`', 'false'],
    [list().default(['a', 'b']), 'list', 'a,b'],
    [list().default([]), 'list', ''],
    [oneOf(['x', 'y']).default('y'), 'x, y', 'y'],
    [text().optional(), 'text', undefined],
  ])('writes type and default as an operator would (%#)', (schema, type, written) => {
    const common = { name: 'A', type, required: false, meaning: 'What it is.' };
    const expected = written === undefined ? common : { ...common, default: written };
    expect(variablesOf({ A: schema.describe('What it is.') })).toEqual([expected]);
  });

  it('reads what was said before a default was given, and knows what is required', () => {
    const slice = { A: integer().describe('Said first.').default(1), B: secret(16).describe('A key.') };
    expect(variablesOf(slice)).toMatchObject([
      { meaning: 'Said first.', required: false },
      { type: 'text of at least 16 characters', required: true },
    ]);
  });

  it('insists on a description', () => {
    expect(() => variablesOf({ NAMELESS: text() })).toThrow('NAMELESS has no description.');
  });
});

it('the page lists a variable once for all processes that mean the same by it', () => {
  const url = serviceUrl('redis').describe('Redis | or so.');
  const port = (value: number) => integer().default(value).describe('Port.');
  const page = configurationPage([
    { process: 'one', slice: { URL: url, PORT: port(1), OWN: text().optional().describe('Own.') } },
    { process: 'two', slice: { URL: url, PORT: port(2) } },
  ]);
  expect(page).toContain('## Required in production\n\n| name | type | default | meaning | processes |');
  expect(page).toContain('| `URL` | address, redis:// | – | Redis \\| or so. | one, two |');
  expect(page).toContain('## one alone\n\n| name | type | default | meaning |');
  expect(page).toContain('| `OWN` | text | unset | Own. |');
  expect(page).toMatch(/## two alone[^#]*\| `PORT` \| [^|]+ \| `2` \|/);
});

import { Float, type Value } from '@millrace/contracts';
import { parse } from 'yaml';
import { writeYaml } from './write-yaml.js';

/** What PyYAML would misread or refuse without quotes. */
it.each([
  '=',
  '<<',
  '2024-01-01',
  '2024-01-01 10:00:00',
  '08:30',
  '1:30',
  '000568',
  '010',
  '1e3',
  '0o7',
  '.5',
  'a\tb',
  ' a',
  'a: b',
  'a #b',
  '- a',
  '{{#a.b#}}',
  '\n  \n',
  'a \nb',
  'a\rb',
  'a\u2028b',
  'a\x7f',
  '\ufeffa',
])('writes %j in quotes, without odd characters', (text) => {
  const yaml = writeYaml({ a: text });
  expect(yaml).toMatch(/^a: "[\n\x20-\x7e]*"\n$/);
  expect(JSON.parse(yaml.slice(3))).toBe(text);
});

it.each<[Value, string]>([
  ['word', 'a: word\n'],
  ['text-input', 'a: text-input\n'],
  ['yes', 'a: "yes"\n'],
  ['null', 'a: "null"\n'],
  ['Ja, 日本', 'a: "Ja, 日本"\n'],
  ['one\ntwo: 2\n', 'a: |\n  one\n  two: 2\n'],
  [new Float(1), 'a: 1.0\n'],
  [1, 'a: 1\n'],
  [null, 'a: null\n'],
  [['x', { b: true }], 'a:\n  - x\n  - b: true\n'],
])('writes %j as %j', (value, yaml) => {
  expect(writeYaml({ a: value })).toBe(yaml);
});

it('sorts keys, as Dify does', () => {
  expect(Object.keys(parse(writeYaml({ b: 1, a: { d: 1, c: 2 } })) as object)).toEqual(['a', 'b']);
});

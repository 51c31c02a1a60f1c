import { Float, type Value } from '@millrace/contracts';
import { stringifyJson } from '../values/json.js';
import { parseYaml } from './yaml.js';

/** Both tables are what PyYAML 6 says: it writes a text without quotes whenever it would read it back as text. */

it.each<[string, Value]>([
  ['0', 0],
  ['-12', -12],
  ['+1_000', 1000],
  ['010', 8],
  ['0x1F', 31],
  ['0b11', 3],
  ['1:30', 90],
  ['08', '08'],
  ['000568', '000568'],
  ['08:30', '08:30'],
  ['0o7', '0o7'],
  ['1.0', new Float(1)],
  ['-1.5e+3', new Float(-1500)],
  ['.5', 0.5],
  ['08.5', 8.5],
  ['-.5', '-.5'],
  ['1:30.5', '1:30.5'],
  ['1e3', '1e3'],
  ['-.inf', Number.NEGATIVE_INFINITY],
  ['yes', true],
  ['Off', false],
  ['y', 'y'],
  ['~', null],
  ['2024-01-01', '2024-01-01'],
])('reads the scalar %s', (text, value) => {
  expect(parseYaml(`a: [${text}]`)).toEqual({ a: [value] });
});

it('keeps the order of keys, and names those that are no texts as JSON does', () => {
  const text = 'b: 0\n"10": 1\n9: 2\n__proto__: {"2": 3, "1": 4}\n~: 5\ntrue: 6\n1.0: 7\n';
  const json = '{"b":0,"10":1,"9":2,"__proto__":{"2":3,"1":4},"null":5,"true":6,"1.0":7}';
  expect(stringifyJson(parseYaml(text))).toBe(json);
  expect(() => parseYaml('? [1]\n: 2')).toThrow('a key is a list or a mapping');
});

it.each<[string, string]>([
  ["n:\n- t: 'a\u2028    b'\n", 'a\u2028b'],
  ["n:\n- t: 'a\u2028\n    b'\n", 'a\u2028\nb'],
  ["n:\n- t: 'a\n\n\u2028    b'\n", 'a\n\u2028b'],
  ["n:\n- t: 'a\n\n\n\u2028\u2029    b'\n", 'a\n\n\u2028\u2029b'],
  ["n:\r\n- t: 'a\u2028\r\n    b'\r\n", 'a\u2028\nb'],
  ["n:\n- t: '\u2028    '\n", '\u2028'],
  ["n:\n- t: 'a\u2028\u2028\n\n    b\n\n    '\n", 'a\u2028\u2028\n\nb\n'],
  ["n:\n- t: 'it''s\u2028    ''q'''\n", "it's\u2028'q'"],
  ['n:\n- t: "x \\Ly"\n', 'x \u2028y'],
  ["n:\n- t: 'a\x85    b'\n", 'a b'],
  // Not of PyYAML: other writers take the characters for text like any other.
  ['n:\n- t: |\n    a\n    \u2028b\n    c\u2028d\n', 'a\n\u2028b\nc\u2028d\n'],
  ['n:\n- t: |\n    \u2028b\n', '\u2028b\n'],
])('reads the line separators in %j', (text, value) => {
  expect(parseYaml(text)).toEqual({ n: [{ t: value }] });
});

it('takes linear time on long runs of spaces around line separators', () => {
  const run = ' '.repeat(200_000);
  expect(parseYaml(`t: "a${run}\u2028${run}b${run}c\u2028"`)).toEqual({ t: `a\u2028b${run}c\u2028` });
});

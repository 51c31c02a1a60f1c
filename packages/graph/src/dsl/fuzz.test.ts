import type { Value } from '@millrace/contracts';
import fc from 'fast-check';
import { randomWorkflow } from '../testing/random-graph.js';
import { stringifyJson } from '../values/json.js';
import { isObject } from '../values/types.js';
import { parseFile } from './file.js';

const extras: Value = {
  environment_variables: [{ name: 'A', value_type: 'number', value: 1.5, selector: ['env', 'A'] }],
  conversation_variables: [],
  features: { file_upload: { enabled: false } },
};
const settings: Value = {
  error_strategy: 'default-value',
  default_value: [{ key: 'a', type: 'object', value: '{}' }],
  retry_config: { retry_enabled: true, max_retries: 3, retry_interval: 100 },
  items: [{ variable_selector: ['conversation', 'x'] }],
  cases: [{ conditions: [{ variable_selector: ['n0', 'x'], value: '{{#n0.y#}}' }] }],
};

/** Every place in a value, as the keys that lead there. */
function places(value: Value, path: string[] = []): string[][] {
  const members = Array.isArray(value) ? Object.entries(value) : isObject(value) ? Object.entries(value) : [];
  return [path, ...members.flatMap(([key, member]) => places(member, [...path, key]))];
}

function replaceAt(value: Value, [key, ...rest]: string[], junk: Value): Value {
  if (key === undefined) return junk;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaceAt(item, rest, junk) : item));
  return isObject(value) ? { ...value, [key]: replaceAt(value[key] ?? null, rest, junk) } : value;
}

const junk = fc.constantFrom<Value>(
  null,
  true,
  0,
  -1,
  1.5,
  2n ** 70n,
  '',
  'x',
  '{{#n0.x#}}',
  [],
  [[]],
  [null],
  ['n0', 'x'],
  {},
  { type: 5 },
);

it('answers any damaged file with a result', () => {
  const statuses = ['completed', 'completed-with-warnings', 'pending', 'failed'];
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.tuple(fc.nat(), junk), { maxLength: 4 }), (seed, damages) => {
      const workflow = { ...randomWorkflow(seed), ...extras };
      const nodes = [...(workflow.graph as { nodes: { data: object }[] }).nodes];
      nodes.forEach((node, i) => {
        if (i % 3 === 1) Object.assign(node.data, settings);
      });
      let file: Value = { kind: 'app', version: '0.6.0', app: { name: 'x', mode: 'workflow' }, workflow };
      for (const [where, value] of damages) {
        const all = places(file);
        file = replaceAt(file, all[where % all.length] ?? [], value);
      }
      expect(statuses).toContain(parseFile(stringifyJson(file), { supportedTypes: new Set(['start']) }).status);
    }),
    { numRuns: 300 },
  );
});

it('answers any text with a result', () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|',
    '>',
    '&a',
    '*a',
    '<<',
    '!!x',
    '#',
    '---',
    '?',
    '\t',
    '1',
    '~',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      expect(parseFile(pieces.join(''), { supportedTypes: new Set() }).status).toBe('failed');
    }),
    { numRuns: 1000 },
  );
});

import { Float, type ValueObject } from '@millrace/contracts';
import { compilePlan } from '../compile.js';
import type { Plan } from '../plan.js';
import { parseFile } from './file.js';

/** What real files do to a reader (dsl 1.3 to 1.13 and appendix C): one row per quirk. */

const supportedTypes = new Set(['start', 'end', 'llm', 'code', 'http-request', 'if-else', 'variable-aggregator']);

interface Parts {
  head?: string;
  workflow?: string;
  nodes?: string;
  edges?: string;
}

const start = '{ id: start, type: custom, data: { type: start, title: S, variables: [] } }';
const end = '{ id: end, type: custom, data: { type: end, title: E, outputs: [] } }';
const edge = '{ source: start, sourceHandle: source, target: end, targetHandle: target }';

const file = ({ head = 'kind: app\nversion: "0.6.0"', workflow = '', nodes, edges }: Parts): string => `
${head}
app: { name: Quirks, mode: workflow }
workflow:
  ${workflow}
  graph:
    nodes: ${nodes ?? `[${start}, ${end}]`}
    edges: ${edges ?? `[${edge}]`}
`;

function read(parts: Parts): { plan: Plan; workflow: ValueObject; warnings: string[] } {
  const parsed = parseFile(file(parts), { supportedTypes, confirmed: true });
  if (!('workflow' in parsed)) throw new Error(parsed.status === 'failed' ? parsed.error : parsed.status);
  const compiled = compilePlan(parsed.workflow, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  return { plan: compiled.plan, workflow: parsed.workflow, warnings: parsed.warnings };
}

const shape = ({ nodes, edges }: Plan): string[] => [
  ...nodes.map(({ id, type }) => `${id}:${type}`),
  ...edges.map(({ source, target, handle }) => `${nodes[source]?.id}-${handle}-${nodes[target]?.id}`),
];
const plain = ['start:start', 'end:end', 'start-source-end'];

describe('the file', () => {
  it.each<[string, Parts]>([
    ['neither kind nor version (before 0.1.0)', { head: '' }],
    ['another kind', { head: 'kind: something\nversion: "0.1.0"' }],
    ['no value behind kind and version', { head: 'kind:\nversion:' }],
    ['0.1.0 without variables and features', { head: 'version: "0.1.0"' }],
    ['an unquoted version of three parts', { head: 'version: 0.1.2' }],
    [
      '0.1.5 with dependencies',
      { head: 'version: 0.1.5\ndependencies:\n- {current_identifier: null, type: marketplace}' },
    ],
    ['dependencies that are null', { head: 'version: 0.3.0\ndependencies:' }],
    ['0.4.0 with pipeline variables', { head: 'version: 0.4.0', workflow: 'rag_pipeline_variables: []' }],
    ['0.7.0 with agent packages', { head: 'version: 0.7.0\nagent_packages: {a: {b: 1}}' }],
    [
      'lists and mappings that are null',
      { workflow: 'features:\n  environment_variables:\n  conversation_variables:' },
    ],
    ['unknown keys everywhere', { head: 'x: 1', workflow: 'hash: abc\n  y: {z: [1]}' }],
  ])('%s', (_, parts) => expect(shape(read(parts).plan)).toEqual(plain));

  it('keys in any order, as Dify sorts them', () => {
    const text =
      'app:\n  mode: workflow\nkind: app\nworkflow:\n  graph:\n    edges: []\n    nodes:\n    - data: {type: start}\n      id: a\n';
    expect(parseFile(text, { supportedTypes })).toMatchObject({ status: 'completed-with-warnings' });
  });

  it('names in any script, byte order mark and Windows lines', () => {
    const text = `\uFEFF${file({}).replaceAll('Quirks', '工作流 🚀').replaceAll('\n', '\r\n')}`;
    expect(parseFile(text, { supportedTypes })).toMatchObject({ status: 'completed', app: { name: '工作流 🚀' } });
  });
});

describe('variables', () => {
  it.each<[string, string, unknown]>([
    [
      'no id, no selector',
      '{ name: A, value_type: string, value: x }',
      { name: 'A', value: 'x', selector: ['env', 'A'] },
    ],
    ['a stale selector', '{ name: A, value_type: string, value: x, selector: [] }', { selector: ['env', 'A'] }],
    ['a secret without value', '{ name: K, value_type: secret }', { value: '' }],
    ['a secret with null', '{ name: K, value_type: secret, value: }', { value: '' }],
    ['a numeric name', '{ name: 2024, value_type: number, value: 1 }', { name: '2024', selector: ['env', '2024'] }],
    ['an integer as number', '{ name: N, value_type: number, value: 5 }', { value: 5 }],
    ['a boolean', '{ name: B, value_type: boolean, value: false }', { value: false }],
    ['a boolean as number', '{ name: B, value_type: number, value: true }', { value: true }],
    ['a boolean as integer', '{ name: B, value_type: integer, value: true }', { value: true }],
    ['a mapping', '{ name: M, value_type: object, value: {a: 1.0} }', { value: { a: new Float(1) } }],
    ['an unknown key', '{ name: S, value_type: string, value: x, description: d, z: 1 }', { description: 'd', z: 1 }],
    ['an empty list', '{ name: L, value_type: "array[string]", value: [] }', { value: [] }],
    ['an empty text', '{ name: S, value_type: string, value: "" }', { value: '' }],
  ])('%s', (_, variable, expected) => {
    const { workflow } = read({ workflow: `environment_variables: [${variable}]` });
    expect(workflow['environment_variables']).toMatchObject([expected]);
  });
});

describe('nodes', () => {
  const around = (middle: string, more = ''): Parts => ({
    nodes: `[${start}, ${middle}, ${end}${more}]`,
    edges: '[{ source: start, target: m }, { source: m, target: end }]',
  });

  it.each<[string, Parts, string[]]>([
    [
      'ids without quotes, in nodes and edges',
      {
        nodes: '[{ id: 1700000000001, data: { type: start } }, { id: 1700000000002, data: { type: end } }]',
        edges: '[{ source: 1700000000001, target: "1700000000002" }]',
      },
      ['1700000000001:start', '1700000000002:end', '1700000000001-source-1700000000002'],
    ],
    [
      'the type of `data` counts, not that of the wrapper',
      around('{ id: m, type: llm, data: { type: code } }'),
      ['m:code'],
    ],
    ['no wrapper type', around('{ id: m, data: { type: code } }'), ['m:code']],
    [
      'the old name of the aggregator',
      around('{ id: m, data: { type: variable-assigner } }'),
      ['m:variable-aggregator'],
    ],
    ['a type that nobody knows', around('{ id: m, data: { type: from-the-future } }'), ['m:from-the-future']],
    [
      'a note, with its empty type and edges',
      {
        nodes: `[${start}, ${end}, { id: note, type: custom-note, data: { type: "", text: "{{#gone.x#}}" } }]`,
        edges: `[${edge}, { source: note, target: end }, { source: start, target: note }]`,
      },
      plain,
    ],
    [
      'notes without id, with the id of a node, and with edges to nowhere',
      {
        nodes: `[{ type: custom-note, data: { type: "" } }, { id: end, type: custom-note, data: { type: "" } }, { id: n, type: custom-note }, ${start}, ${end}]`,
        edges: `[${edge}, { source: n, target: gone }]`,
      },
      plain,
    ],
    [
      'an iteration of 0.1.0: its entry is an ordinary node',
      around(
        '{ id: m, data: { type: iteration, start_node_id: in, startNodeType: code, iterator_selector: [start, l] } }',
        ', { id: in, parentId: m, data: { type: code, isIterationStart: true, isInIteration: true, iteration_id: m } }',
      ),
      ['start:start', 'm:iteration', 'end:end'],
    ],
    [
      'unknown keys, positions and sizes',
      around(
        '{ id: m, data: { type: code, x: [1], selected: true, isInIteration: false }, position: {x: 1, y: -2.5}, zIndex: 0 }',
      ),
      ['m:code'],
    ],
  ])('%s', (_, parts, expected) => {
    const { plan, warnings } = read(parts);
    expect(shape(plan)).toEqual(expect.arrayContaining(expected));
    if (expected !== plain || parts.nodes?.includes('note'))
      expect(warnings.filter((text) => text.includes('gone'))).toEqual([]);
  });

  it.each<[string, string, unknown]>([
    ['a numeric version and title', 'version: 2, title: 2024', { title: '2024' }],
    ['no title, null description', 'desc: null', { title: '' }],
    ['no strategy: null', 'error_strategy: null, default_value: null', { errorStrategy: 'none', defaultValue: {} }],
    ['no strategy: `none`', 'error_strategy: none', { errorStrategy: 'none' }],
    ['no strategy: empty', 'error_strategy: ""', { errorStrategy: 'none' }],
    ['retry that is null', 'retry_config: null', { retry: { maxRetries: 0, intervalMs: 0 } }],
    [
      'retry with unknown keys',
      'retry_config: {retry_enabled: true, enabled: false, max_retries: 3, retry_interval: 100, exponential_backoff: {}}',
      { retry: { maxRetries: 3, intervalMs: 100 } },
    ],
    ['retry switched off', 'retry_config: {retry_enabled: false, max_retries: 3}', { retry: { maxRetries: 0 } }],
    [
      'retry switched off in quotes',
      'retry_config: {retry_enabled: "false", max_retries: 3}',
      { retry: { maxRetries: 0 } },
    ],
    ['retry in quotes', 'retry_config: {retry_enabled: true, max_retries: "2"}', { retry: { maxRetries: 2 } }],
    [
      'defaults that are no list while unused',
      'error_strategy: null, default_value: {}',
      { errorStrategy: 'none', defaultValue: {} },
    ],
  ])('%s', (_, data, expected) => {
    const { plan } = read(around(`{ id: m, data: { type: http-request, ${data} } }`));
    expect(plan.nodes[1]).toMatchObject(expected as object);
  });

  it('numeric parts of selectors find their nodes', () => {
    const { plan, workflow } = read({
      nodes: `[{ id: 17, data: { type: start, variables: [{ variable: q, type: paragraph }] } },
        { id: 18, data: { type: variable-aggregator, variables: [[17, q], ["17", q], []] } },
        { id: 19, data: { type: end, outputs: [{ variable: o, value_selector: [18, output] }, { variable: p, value_selector: [17, q, 1] }] } }]`,
      edges: '[{ source: 17, target: 18 }, { source: 18, target: 19 }]',
    });
    expect(plan.nodes.map(({ reads }) => reads)).toEqual([[], ['17'], ['18', '17']]);
    expect(JSON.stringify(workflow)).not.toContain('[17');
  });

  it.each<[string, string, string[]]>([
    ['leftovers of the editor', 'type: llm, variables: [{ variable: x, value_selector: [gone, x] }]', []],
    [
      'a variable of the form',
      'type: code, variables: [{ variable: x, value_selector: [start, gone] }]',
      ['start.gone'],
    ],
    ['a system variable, old form', 'type: code, variables: [{ variable: x, value_selector: [start, sys.files] }]', []],
    ['system variables', 'type: llm, x: "{{#sys.timestamp#}} {{#sys.query#}}"', ['sys.query']],
    ['what newer editors show', 'type: llm, x: "{{#userinput.files#}} {{#userinput.query#}}"', ['userinput.query']],
    [
      'conversation variables, which workflows have none of',
      'type: llm, x: "{{#conversation.c#}}"',
      ['conversation.c'],
    ],
    ['outputs of other nodes', 'type: llm, x: "{{#end.whatever#}}"', []],
  ])('looks for %s', (_, data, missing) => {
    const { warnings } = read(around(`{ id: m, data: { ${data} } }`));
    expect(warnings).toEqual(missing.map((path) => `Node 'm' refers to '${path}', which does not exist`));
  });

  it('an empty selector of a context that is switched off refers to nothing', () => {
    const { warnings } = read(
      around('{ id: m, data: { type: llm, context: { enabled: false, variable_selector: [] } } }'),
    );
    expect(warnings).toEqual([]);
  });
});

describe('edges', () => {
  const two = `[${start}, { id: m, data: { type: code, error_strategy: fail-branch } }, { id: other, data: { type: end } }, ${end}]`;

  it.each<[string, string, string[]]>([
    ['no handle', '{ source: start, target: m }', ['start-source-m']],
    ['a null handle', '{ source: start, sourceHandle: null, target: m }', ['start-source-m']],
    ['a handle without quotes', '{ source: m, sourceHandle: true, target: end }', ['m-true-end']],
    ['success-branch beside fail-branch', '{ source: m, sourceHandle: success-branch, target: end }', ['m-source-end']],
    ['fail-branch', '{ source: m, sourceHandle: fail-branch, target: end }', ['m-fail-branch-end']],
    [
      'the same id twice, and none',
      '{ id: x, source: m, target: end }, { id: x, source: m, target: other }',
      ['m-source-end', 'm-source-other'],
    ],
    ['no ends', '{ source: m }, { target: end }, { source: [m], target: end }, null', []],
    [
      'other keys',
      '{ source: m, target: end, data: { isInLoop: false, sourceType: code }, zIndex: 0, type: custom, selected: true }',
      ['m-source-end'],
    ],
  ])('%s', (_, edges, expected) => {
    const { plan } = read({
      nodes: two,
      edges: `[{ source: start, target: m }, { source: m, target: end }, { source: m, target: other }, ${edges}]`,
    });
    expect(shape(plan)).toEqual(expect.arrayContaining(expected));
  });

  it('to nowhere is refused', () => {
    expect(() => read({ edges: '[{ source: start, target: gone }]' })).toThrow("refers to the unknown node 'gone'");
  });
});

describe('start variables', () => {
  it.each<[string, string, object]>([
    ['no type is a short text', '{ variable: v }', { type: 'text-input', required: false }],
    ['an empty length limits nothing', '{ variable: v, type: paragraph, max_length: }', { maxLength: undefined }],
    ['a length in quotes', '{ variable: v, type: paragraph, max_length: "48" }', { maxLength: 48 }],
    [
      'options without quotes',
      '{ variable: v, type: select, options: [1, 2.0, true, a] }',
      { options: ['1', '2.0', 'True', 'a'] },
    ],
    [
      '0.5.0 with default, hint and placeholder',
      '{ variable: v, type: number, default: "", hint: "", placeholder: "" }',
      { default: '' },
    ],
    ['a name without quotes', '{ variable: 1, label: 2 }', { variable: '1', label: '2' }],
    ['required in quotes', '{ variable: v, required: "false" }', { required: false }],
    [
      'options as PyYAML writes them: texts without quotes that it would not take for numbers',
      '{ variable: v, type: select, options: [000568, 08:30, 1e3, "010"] }',
      { options: ['000568', '08:30', '1e3', '010'] },
    ],
    ['a null label', '{ variable: v, label: }', { label: 'v' }],
  ])('%s', (_, variable, expected) => {
    const { plan } = read({ nodes: `[{ id: start, data: { type: start, variables: [${variable}] } }, ${end}]` });
    expect(plan.form).toMatchObject([expected]);
  });

  it.each(['variables: null', 'variables: []', 'title: S'])('%s: no form', (data) => {
    expect(read({ nodes: `[{ id: start, data: { type: start, ${data} } }, ${end}]` }).plan.form).toEqual([]);
  });
});

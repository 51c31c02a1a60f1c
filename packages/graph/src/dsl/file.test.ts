import { Float } from '@millrace/contracts';
import { parseFile, restOfFile, type ParsedFile } from './file.js';
import { judgeVersion } from './version.js';

const supportedTypes = new Set(['start', 'end', 'template-transform']);
const parse = (text: string, confirmed = false): ParsedFile => parseFile(text, { supportedTypes, confirmed });

const file = (changes: { version?: string; mode?: string; workflow?: string } = {}): string => `
kind: app
version: ${changes.version ?? '"0.6.0"'}
app: { name: Greeter, mode: ${changes.mode ?? 'workflow'}, icon: "W", description: "Says hello" }
workflow:
  ${changes.workflow ?? ''}
  graph:
    nodes:
      - { id: 1700000000000, position: { x: 1, y: 2 }, data: { type: start, variables: [{ variable: who, type: text-input }] } }
      - { id: end, data: { type: end, outputs: [{ variable: out, value_selector: [1700000000000, who] }] } }
    edges:
      - { source: 1700000000000, target: end }
`;

describe('parseFile', () => {
  it('reads a file, numeric ids included', () => {
    expect(parse(file())).toMatchObject({
      status: 'completed',
      importedVersion: '0.6.0',
      currentVersion: '0.6.0',
      app: { mode: 'workflow', name: 'Greeter', description: 'Says hello', icon: 'W', iconType: '' },
      workflow: {
        features: {},
        environment_variables: [],
        conversation_variables: [],
        graph: {
          nodes: [{ position: { x: 1, y: 2 } }, { data: { outputs: [{ value_selector: ['1700000000000', 'who'] }] } }],
        },
      },
      warnings: [],
    });
  });

  it('keeps integers, floats and texts as PyYAML reads them', () => {
    const workflow = 'x: [1, 1.0, 1.5, 1e3, 1.0e+3, 12345678901234567890, yes, y, n, off, 2024-01-01, 1_000, "1", ~]';
    expect(parse(file({ workflow }))).toMatchObject({
      workflow: {
        x: [
          1,
          new Float(1),
          1.5,
          '1e3',
          new Float(1000),
          12345678901234567890n,
          true,
          'y',
          'n',
          false,
          '2024-01-01',
          1000,
          '1',
          null,
        ],
      },
    });
  });

  it('takes the last of duplicate keys, merges and anchors', () => {
    const workflow = 'm: &m { a: 1, a: 2 }\n  n: { <<: *m, b: 3 }';
    expect(parse(file({ workflow }))).toMatchObject({ workflow: { m: { a: 2 }, n: { a: 2, b: 3 } } });
  });

  it.each<[string, string, string]>([
    ['an empty text', '', 'Invalid YAML format: content must be a mapping'],
    [
      'two apps',
      'app: {}\n---\napp: {}',
      'Invalid YAML format: a second document (each app needs a file of its own) at line 2, column 1',
    ],
    ['a list', '- 1', 'Invalid YAML format: content must be a mapping'],
    ['no app', 'version: "0.6.0"', 'Missing app data in YAML content'],
    ['a bare graph', 'nodes: []\nedges: []', 'Missing app data in YAML content'],
    [
      'a knowledge pipeline',
      'kind: rag_pipeline\nversion: 0.1.0\nrag_pipeline: { name: x }',
      'Missing app data in YAML content: this is a knowledge pipeline, and only apps of mode workflow can be imported',
    ],
    ['no mode', 'app: { name: x }', 'loss app mode'],
    [
      'no workflow',
      'version: "0.6.0"\napp: { mode: workflow }',
      'Missing workflow data for workflow/advanced chat app',
    ],
    ['a version that is a number', file({ version: '0.6' }), "Invalid version type, expected str, got <class 'float'>"],
    ['a version that is no version', file({ version: '"new"' }), 'Invalid DSL version: new'],
    [
      'a chatflow',
      file({ mode: 'advanced-chat' }),
      'chatflows (advanced-chat) are not supported yet: only apps of mode workflow can be imported',
    ],
    [
      'an app without graph',
      file({ mode: 'chat' }),
      'apps of mode chat have no workflow and are not supported: only apps of mode workflow can be imported',
    ],
    [
      'a graph that cannot run',
      'version: "0.6.0"\napp: { mode: workflow }\nworkflow: { graph: {} }',
      'The workflow has no start node',
    ],
    [
      'a variable without value',
      file({ workflow: 'environment_variables: [{ name: A, value_type: string }]' }),
      'missing value of variable A',
    ],
    [
      'a wrong variable',
      file({ workflow: 'environment_variables: [{ name: A, value_type: number, value: "5" }]' }),
      'invalid number value 5',
    ],
    [
      'an unknown variable type',
      file({ workflow: 'environment_variables: [{ name: A, value_type: date, value: x }]' }),
      'not supported value type date',
    ],
    [
      'a variable without name',
      file({ workflow: 'conversation_variables: [{ value_type: string, value: x }]' }),
      'missing name',
    ],
    [
      'a variable that is null',
      file({ workflow: 'conversation_variables: [{ name: A, value_type: object, value: }]' }),
      'missing value of variable A',
    ],
    [
      'a text that is none',
      file({ workflow: 'environment_variables: [{ name: A, value_type: string, value: 5 }]' }),
      'invalid string value 5',
    ],
    [
      'a float that is none',
      file({ workflow: 'environment_variables: [{ name: A, value_type: float, value: 5 }]' }),
      'invalid float value 5',
    ],
    [
      'a large variable',
      file({ workflow: `environment_variables: [{ name: A, value_type: string, value: ${'x'.repeat(204801)} }]` }),
      'variable size 204801 exceeds limit 204800',
    ],
    ['too much', 'x'.repeat(10 * 1024 * 1024 + 1), 'File size exceeds the limit of 10MB'],
    [
      'deep nesting',
      file({ workflow: `x: ${'['.repeat(300)}${']'.repeat(300)}` }),
      'Invalid YAML format: content is nested more than 200 levels deep',
    ],
  ])('refuses %s', (_name, text, error) => {
    // Without a version the file is old; most messages come before that matters.
    expect(parse(text, true)).toMatchObject({ status: 'failed', error });
  });

  it.each([
    ['a: [', / at line 1, column \d+$/],
    ['a: 1\n---\nb: 2', / at line 2, column 1$/],
    ['\t- a', / at line 1, column \d+$/],
    ['['.repeat(5000), /./],
    ['a: *b', / b$/],
  ])('says why and where %j is no YAML', (text, where) => {
    const result = parse(text);
    expect(result).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^Invalid YAML format: ./) as string,
    });
    expect(result).toMatchObject({ error: expect.stringMatching(where) as string });
  });

  it('refuses an alias bomb', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 10; i += 1)
      lines.push(
        `a${i}: &a${i} [${Array(8)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(parse(lines.join('\n'))).toMatchObject({ status: 'failed' });
  });

  it('asks for confirmation of newer versions, before anything else is looked at', () => {
    const text = file({ version: '"0.7.0"' });
    expect(parse(text)).toEqual({ status: 'pending', importedVersion: '0.7.0', currentVersion: '0.6.0' });
    expect(parse(text, true)).toMatchObject({ status: 'completed', importedVersion: '0.7.0' });
    expect(parse('version: "1.0.0"\napp: { name: x }')).toMatchObject({ status: 'pending' });
  });

  it('warns of an older minor version, and of what it cannot run yet', () => {
    expect(parse(file({ version: '"0.1.5"' }))).toMatchObject({ status: 'completed-with-warnings', warnings: [] });
    const text = file({ workflow: 'environment_variables: [{ name: KEY, value_type: secret, value: "" }]' }).replace(
      'data: { type: end,',
      'data: { type: knowledge-index, q: "{{#gone.x#}}",',
    );
    expect(parse(text)).toMatchObject({
      status: 'completed-with-warnings',
      warnings: [
        "The secret environment variable 'KEY' has no value and must be given one",
        "Node type 'knowledge-index' is not supported yet; a run fails when it reaches end",
        "Node 'end' refers to 'gone.x', which does not exist",
      ],
    });
  });

  it('fills in defaults of old files', () => {
    const text = file({ workflow: 'environment_variables: [{ name: A, value_type: number, value: 1.0 }]' })
      .replace('kind: app', '')
      .replace('version: "0.6.0"', '');
    expect(parse(text)).toMatchObject({
      status: 'completed-with-warnings',
      importedVersion: '0.1.0',
      workflow: { environment_variables: [{ name: 'A', value: new Float(1), selector: ['env', 'A'] }] },
    });
  });
});

it('reads the smallest file (dsl 1.16) without a word', () => {
  const text = `
kind: app
version: "0.6.0"
app: { name: Greeter, mode: workflow, icon: "W", description: "" }
workflow:
  environment_variables: []
  conversation_variables: []
  features: {}
  graph:
    nodes:
      - id: "begin"
        type: custom
        data:
          type: start
          title: Start
          variables:
            - { variable: who, label: Who, type: text-input, required: true, max_length: 48 }
      - id: "fmt"
        type: custom
        data:
          type: template-transform
          title: Format
          variables: [{ variable: who, value_selector: [begin, who] }]
          template: "Hello {{ who }}"
      - id: "finish"
        type: custom
        data:
          type: end
          title: End
          outputs: [{ variable: greeting, value_selector: [fmt, output], value_type: string }]
    edges:
      - { source: begin, sourceHandle: source, target: fmt, targetHandle: target }
      - { source: fmt, sourceHandle: source, target: finish, targetHandle: target }
`;
  expect(parse(text)).toMatchObject({ status: 'completed', warnings: [] });
  expect(parse(text.replace('0.6.0', '0.3.0'))).toMatchObject({ status: 'completed-with-warnings', warnings: [] });
});

it('keeps what it does not know of the file and of the app', () => {
  const text = `${file().replace('icon: "W"', 'icon: "W", icon_type: emoji, use_icon_as_answer_icon: true')}
dependencies: [{ type: marketplace }]
`;
  expect(parse(text)).toMatchObject({
    workflow: { [restOfFile]: { dependencies: [{ type: 'marketplace' }], app: { use_icon_as_answer_icon: true } } },
  });
  const plain = parse(file());
  expect('workflow' in plain && restOfFile in plain.workflow).toBe(false);
});

it.each([
  ['0.6.0', 'completed'],
  ['0.6', 'completed'],
  ['0.6.5', 'pending'],
  ['0.5.9', 'completed-with-warnings'],
  ['0.1.0', 'completed-with-warnings'],
  ['0.7.0', 'pending'],
  ['1.0.0', 'pending'],
  ['v0.6.0', 'completed'],
  ['0.6.0rc1', 'completed'],
  ['', 'failed'],
  ['x.y', 'failed'],
  [`1${'.a'.repeat(5000)}!`, 'failed'],
])('version %s is %s', (version, verdict) => {
  expect(judgeVersion(version)).toBe(verdict);
});

import type {
  CodeRequest,
  ModelRequest,
  ModelUsage,
  NodeResult,
  OutboundRequest,
  ValueObject,
} from '@millrace/contracts';
import { isObject, parseFile } from '@millrace/graph';
import { createNodeExecutors, supportedNodeTypes } from './node-executors.js';
import { memoryFiles } from './testing/memory-files.js';
import { replying } from './testing/replies.js';
import { nodeRequest } from './testing/request.js';

/** How the settings of nodes look in real files of all versions (dsl 1.5, 1.8, 1.13, appendix C): one row per quirk. */

const usage = { total_tokens: 1, total_price: '0', currency: 'USD' } as ModelUsage;

interface Outcome {
  result: NodeResult;
  sent: OutboundRequest[];
  asked: ModelRequest[];
  ran: CodeRequest[];
}

/** Executes a node as the file has it: `data` is YAML, read by the importer. */
async function run(
  data: string,
  pool: Record<string, ValueObject> = {},
  inputs: ValueObject = {},
  returned = '{"r":"x"}',
): Promise<Outcome> {
  const [sent, asked, ran]: [OutboundRequest[], ModelRequest[], CodeRequest[]] = [[], [], []];
  const executors = createNodeExecutors({
    files: memoryFiles(),
    outbound: replying({ status: 404, headers: {}, body: new Uint8Array() }, sent),
    models: {
      invoke: async (request) => {
        asked.push(request);
        return { text: 'ok', finishReason: 'stop', usage };
      },
    },
    code: {
      run: async (request) => {
        ran.push(request);
        return { status: 'returned', value: returned };
      },
    },
  });
  const node = dataOf(data);
  const executor = executors.get(node['type'] as string);
  if (!executor) throw new Error(`no executor for ${data}`);
  return { result: await executor.execute(nodeRequest(node, pool, inputs).request), sent, asked, ran };
}

function dataOf(data: string): ValueObject {
  const text = `
app: { mode: workflow }
version: 0.6.0
workflow:
  graph:
    nodes:
      - { id: 17, data: { type: start } }
      - id: m
        data: ${data.replaceAll('\n', '\n          ')}
`;
  const file = parseFile(text, { supportedTypes: supportedNodeTypes });
  const graph = 'workflow' in file ? file.workflow['graph'] : undefined;
  const node = isObject(graph) && Array.isArray(graph['nodes']) ? graph['nodes'][1] : undefined;
  const found = isObject(node) ? node['data'] : undefined;
  if (!isObject(found)) throw new Error(`The file was not read: ${'error' in file ? file.error : file.status}`);
  return found;
}

const pool = { '17': { q: 'ask', n: 5, b: true, f: 2.5, none: null } };

describe('start', () => {
  it.each(['{ type: start }', '{ type: start, variables: }', '{ type: start, variables: [], desc: }'])(
    '%s',
    async (data) => {
      expect((await run(data, {}, {})).result).toMatchObject({ status: 'succeeded', outputs: {} });
    },
  );

  it.each([
    ['no type', '{ variable: v }'],
    ['0.5.0 keys', '{ variable: v, type: text-input, default: "", hint: "", placeholder: "", hide: false }'],
    ['an empty schema', '{ variable: v, type: json_object, json_schema: "" }'],
    [
      'files',
      '{ variable: v, type: file, allowed_file_types: [image], allowed_file_extensions: [], allowed_file_upload_methods: [local_file] }',
    ],
    ['null flags', '{ variable: v, required: , max_length: , options: }'],
  ])('%s', async (_, variable) => {
    const { result } = await run(`{ type: start, variables: [${variable}] }`, {}, { v: null });
    expect(result).toMatchObject({ status: 'succeeded', outputs: { v: null } });
  });
});

describe('end', () => {
  it.each<[string, string, ValueObject]>([
    ['no value_type (0.5.0)', '[{ variable: o, value_selector: [17, q] }]', { o: 'ask' }],
    [
      'the old spelling of a type',
      '[{ variable: o, value_selector: [17, q], value_type: "Array[String]" }]',
      { o: 'ask' },
    ],
    ['an empty selector', '[{ variable: o, value_selector: [] }]', { o: null }],
    ['no selector', '[{ variable: o }]', { o: null }],
    ['a name without quotes', '[{ variable: 1, value_selector: [17, q] }]', { '1': 'ask' }],
    ['null', '', {}],
  ])('%s', async (_, outputs, expected) => {
    const { result } = await run(`{ type: end, outputs: ${outputs} }`, pool);
    expect(result).toMatchObject({ status: 'succeeded', outputs: expected });
  });
});

describe('if-else', () => {
  const condition = '{ id: x, varType: string, variable_selector: [17, q], comparison_operator: is, value: ask }';

  it.each<[string, string, string]>([
    [
      'conditions beside cases (0.1.0): the cases count',
      `{ type: if-else, conditions: [], logical_operator: or, cases: [{ case_id: "true", id: "true", logical_operator: and, conditions: [${condition}] }] }`,
      'true',
    ],
    ['no cases: the old form', `{ type: if-else, logical_operator: and, conditions: [${condition}] }`, 'true'],
    ['null cases: the old form', `{ type: if-else, cases: , conditions: [${condition}] }`, 'true'],
    [
      'case_id without quotes',
      `{ type: if-else, cases: [{ case_id: true, logical_operator: and, conditions: [${condition}] }] }`,
      'true',
    ],
    ['no logical_operator', `{ type: if-else, cases: [{ case_id: c, conditions: [${condition}] }] }`, 'c'],
    ['null conditions', '{ type: if-else, cases: [{ case_id: c, logical_operator: and, conditions: }] }', 'c'],
    [
      'no value where none is needed',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, none], comparison_operator: empty }] }] }',
      'c',
    ],
    [
      'an expected number without quotes',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, n], comparison_operator: "≥", value: 5, numberVarType: constant }] }] }',
      'c',
    ],
    [
      'an expected number for =',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, n], comparison_operator: =, value: 5 }] }] }',
      'c',
    ],
    [
      'an expected boolean without quotes',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, b], comparison_operator: is, value: true }] }] }',
      'c',
    ],
    [
      'a null sub-condition',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, q], comparison_operator: contains, value: sk, sub_variable_condition: }] }] }',
      'c',
    ],
    [
      'a selector without quotes',
      '{ type: if-else, cases: [{ case_id: c, conditions: [{ variable_selector: [17, n], comparison_operator: not null, value: "" }] }] }',
      'c',
    ],
  ])('%s', async (_, data, handle) => {
    expect((await run(data, pool)).result).toMatchObject({ status: 'succeeded', handle });
  });
});

describe('variable-aggregator', () => {
  it.each<[string, string, ValueObject]>([
    ['no advanced settings (0.1.0)', 'variables: [[17, q]]', { output: 'ask' }],
    ['null advanced settings', 'advanced_settings: , variables: [[17, q]]', { output: 'ask' }],
    ['an empty selector', 'variables: [[], [17, q]]', { output: 'ask' }],
    ['no variables', 'output_type: string', {}],
    [
      'groups left over, switched off',
      'advanced_settings: { group_enabled: false, groups: }, variables: [[17, q]]',
      { output: 'ask' },
    ],
    [
      'groups with keys of the editor',
      'advanced_settings: { group_enabled: true, groups: [{ group_name: G, groupId: u, output_type: any, variables: [[17, q]] }] }',
      { G: { output: 'ask' } },
    ],
  ])('%s', async (_, data, outputs) => {
    const { result } = await run(`{ type: variable-aggregator, ${data} }`, pool);
    expect(result).toMatchObject({ status: 'succeeded', outputs });
  });
});

describe('template-transform', () => {
  it.each<[string, string, string]>([
    ['no variables', '{ type: template-transform, template: "a" }', 'a'],
    ['null variables', '{ type: template-transform, variables: , template: "a" }', 'a'],
    ['a template without quotes', '{ type: template-transform, template: 2024 }', '2024'],
    ['a template that is a float', '{ type: template-transform, template: 2.0 }', '2.0'],
    ['no template', '{ type: template-transform, variables: [] }', ''],
    [
      'keys of the editor',
      '{ type: template-transform, variables: [{ variable: x, value_selector: [17, q], value_type: string, label: x }], template: "{{ x }}" }',
      'ask',
    ],
    [
      'a variable without selector',
      '{ type: template-transform, variables: [{ variable: x }], template: "{{ x }}" }',
      'None',
    ],
    [
      'a block with trailing newline',
      '\n  type: template-transform\n  variables: []\n  template: |\n    a\n    b\n',
      'a\nb',
    ],
  ])('%s', async (_, data, output) => {
    expect((await run(data, pool)).result).toMatchObject({ status: 'succeeded', outputs: { output } });
  });
});

describe('code', () => {
  const base =
    'type: code, code_language: python3, code: "def main(): pass", outputs: { r: { type: string, children: } }';

  it.each<[string, string, string]>([
    ['no variables', base, '{}'],
    ['null variables', `${base}, variables: `, '{}'],
    ['dependencies', `${base}, variables: [], dependencies: [{ name: x, version: "" }]`, '{}'],
    ['null dependencies', `${base}, variables: [], dependencies: `, '{}'],
    ['a variable without selector', `${base}, variables: [{ variable: x }]`, '{"x":null}'],
    ['an empty selector', `${base}, variables: [{ variable: x, value_selector: [] }]`, '{"x":null}'],
    [
      'a selector without quotes',
      `${base}, variables: [{ variable: x, value_selector: [17, n], value_type: number }]`,
      '{"x":5}',
    ],
    ['a null value_type', `${base}, variables: [{ variable: x, value_selector: [17, q], value_type: }]`, '{"x":"ask"}'],
  ])('%s', async (_, data, inputs) => {
    const { result, ran } = await run(`{ ${data} }`, pool);
    expect(result).toMatchObject({ status: 'succeeded', outputs: { r: 'x' } });
    expect(ran).toMatchObject([{ inputs }]);
  });

  it('no outputs: whatever comes is too much', async () => {
    for (const outputs of ['outputs: ', 'outputs: {}', 'desc: x'])
      expect((await run(`{ type: code, code_language: python3, code: x, ${outputs} }`)).result).toMatchObject({
        status: 'failed',
        error: 'Not all output parameters are validated.',
      });
  });
});

describe('llm', () => {
  const model = 'model: { provider: openai, name: m, mode: chat, completion_params: { temperature: 0.7 } }';
  const prompt = 'prompt_template: [{ role: user, text: "{{#17.q#}}" }]';

  it.each<[string, string]>([
    ['0.1.0: bare provider, no vision, no context', `${model}, ${prompt}`],
    ['long provider (0.1.5)', `${model.replace('openai', 'langgenius/openai/openai')}, ${prompt}`],
    ['null parameters', `model: { provider: p, name: m, mode: chat, completion_params: }, ${prompt}`],
    ['no parameters', `model: { provider: p, name: m, mode: chat }, ${prompt}`],
    ['a name without quotes', `model: { provider: p, name: 4, mode: chat }, ${prompt}`],
    ['null vision', `${model}, ${prompt}, vision: `],
    ['null configs of vision', `${model}, ${prompt}, vision: { enabled: false, configs: }`],
    [
      'vision on, no files',
      `${model}, ${prompt}, vision: { enabled: true, configs: { detail: high, variable_selector: [] } }`,
    ],
    ['null context', `${model}, ${prompt}, context: `],
    ['a context that is off', `${model}, ${prompt}, context: { enabled: false, variable_selector: [] }`],
    [
      'a context that is on, without selector',
      `${model}, ${prompt}, context: { enabled: true, variable_selector: [] }`,
    ],
    ['null prompt_config', `${model}, ${prompt}, prompt_config: `],
    ['an empty prompt_config', `${model}, ${prompt}, prompt_config: { jinja2_variables: }`],
    ['null memory', `${model}, ${prompt}, memory: `],
    [
      'structured output switched off, its schema left',
      `${model}, ${prompt}, structured_output_enabled: false, structured_output: { schema: { type: object } }`,
    ],
    ['structured output on, without schema', `${model}, ${prompt}, structured_output_enabled: true`],
    [
      'structured output under its other name, without schema',
      `${model}, ${prompt}, structured_output_switch_on: true, structured_output: `,
    ],
    ['leftovers', `${model}, ${prompt}, variables: [], topics: [], desc: , selected: false`],
    [
      'messages with ids and jinja leftovers',
      `${model}, prompt_template: [{ id: u, role: user, text: "{{#17.q#}}", edition_type: basic, jinja2_text: "" }]`,
    ],
    [
      'null leftovers in messages',
      `${model}, prompt_template: [{ role: user, text: "{{#17.q#}}", edition_type: , jinja2_text: }]`,
    ],
    [
      'an empty system message',
      `${model}, prompt_template: [{ role: system, text: "" }, { role: user, text: "{{#17.q#}}" }]`,
    ],
  ])('%s', async (_, data) => {
    const { result, asked } = await run(`{ type: llm, ${data} }`, pool);
    expect(result).toMatchObject({ status: 'succeeded', outputs: { text: 'ok' } });
    expect(asked).toMatchObject([{ messages: [{ role: 'user', text: 'ask' }] }]);
  });

  it('completion mode has one template, as mapping or list', async () => {
    for (const template of ['{ text: "{{#17.q#}}" }', '[{ text: "{{#17.q#}}" }]']) {
      const { result } = await run(
        `{ type: llm, ${model.replace('chat', 'completion')}, prompt_template: ${template} }`,
        pool,
      );
      expect(result).toMatchObject({ status: 'succeeded' });
    }
  });
});

describe('http-request', () => {
  const url = 'url: "http://h.example/{{#17.q#}}"';

  it.each<[string, string, Partial<OutboundRequest>]>([
    [
      'nothing but method and url',
      `method: get, ${url}`,
      { method: 'GET', url: 'http://h.example/ask', verifyTls: true },
    ],
    ['an upper-case method', `method: POST, ${url}`, { method: 'POST' }],
    [
      'null everywhere',
      `method: get, ${url}, headers: , params: , body: , authorization: , timeout: , ssl_verify: , retry_config: , error_strategy: `,
      {},
    ],
    ['no authorisation with a null config', `method: get, ${url}, authorization: { type: no-auth, config: }`, {}],
    ['a body of type none with text (0.1.0)', `method: get, ${url}, body: { type: none, data: "" }`, {}],
    [
      'a body whose data are one text (0.1.0)',
      `method: post, ${url}, body: { type: json, data: '{"a": "{{#17.q#}}"}' }`,
      { body: '{"a":"ask"}' },
    ],
    [
      'a raw body as one text (0.1.0)',
      `method: post, ${url}, body: { type: raw-text, data: "x {{#17.q#}}" }`,
      { body: 'x ask' },
    ],
    ['a body without data', `method: post, ${url}, body: { type: none }`, {}],
    [
      'items with ids and null files',
      `method: post, ${url}, body: { type: raw-text, data: [{ id: k, type: text, key: , value: y, file: }] }`,
      { body: 'y' },
    ],
    [
      'timeouts that are zero, and max_* (0.1.0)',
      `method: get, ${url}, timeout: { connect: 0, read: 0, write: 0, max_connect_timeout: 0, max_read_timeout: 0, max_write_timeout: 0 }`,
      { timeouts: { connectMs: 10_000, readMs: 600_000, writeMs: 600_000 } },
    ],
    [
      'only max_* timeouts',
      `method: get, ${url}, timeout: { max_read_timeout: 300 }`,
      { timeouts: { connectMs: 10_000, readMs: 600_000, writeMs: 600_000 } },
    ],
    [
      'timeouts in quotes',
      `method: get, ${url}, timeout: { connect: "5", read: "" }`,
      { timeouts: { connectMs: 5_000, readMs: 600_000, writeMs: 600_000 } },
    ],
    ['ssl_verify in quotes', `method: get, ${url}, ssl_verify: "false"`, { verifyTls: false }],
    [
      'retry that is off',
      `method: get, ${url}, retry_config: { retry_enabled: false, max_retries: 3, exponential_backoff: { enabled: false } }`,
      {},
    ],
    ['a strategy called none', `method: get, ${url}, error_strategy: none`, {}],
    ['leftovers', `method: get, ${url}, variables: [], desc: "", isInIteration: false`, {}],
    ['null variables', `method: get, ${url}, variables: `, {}],
  ])('%s', async (_, data, expected) => {
    const { result, sent } = await run(`{ type: http-request, ${data} }`, pool);
    // A 404 is a success as long as nobody asked for retries or a strategy.
    expect(result).toMatchObject({ status: 'succeeded', outputs: { status_code: 404 } });
    expect(sent).toMatchObject([expected]);
  });
});

describe('the smallest blocks of the reference (dsl appendix B)', () => {
  it.each<[begin: ValueObject, handle: string]>([
    [{ age: 18, name: 'Ada' }, 'true'],
    [{ age: 17.5, name: '' }, 'c0ffee00-0000-4000-8000-000000000001'],
    [{ age: 17, name: 'Ada' }, 'false'],
  ])('if-else: %j takes %s', async (begin, handle) => {
    const data = `
type: if-else
title: Check
cases:
  - case_id: "true"
    logical_operator: and
    conditions:
      - { variable_selector: [begin, age], comparison_operator: "≥", value: "18" }
  - case_id: "c0ffee00-0000-4000-8000-000000000001"
    logical_operator: or
    conditions:
      - { variable_selector: [begin, name], comparison_operator: empty, value: "" }`;
    const outputs = { result: handle !== 'false', selected_case_id: handle };
    expect((await run(data, { begin })).result).toMatchObject({ status: 'succeeded', handle, outputs });
  });

  it('llm', async () => {
    const data = `
type: llm
title: Ask
model: { provider: openai, name: some-model, mode: chat, completion_params: { temperature: 0.2 } }
prompt_template:
  - { role: system, text: "Answer briefly." }
  - { role: user, text: "{{#begin.question#}}" }
context: { enabled: false, variable_selector: [] }
vision: { enabled: false }`;
    const { result, asked } = await run(data, { begin: { question: 'Why?' } });
    expect(result).toMatchObject({ status: 'succeeded', inputs: { '#begin.question#': 'Why?' } });
    const messages = [
      { role: 'system', text: 'Answer briefly.' },
      { role: 'user', text: 'Why?' },
    ];
    const params = { temperature: 0.2 };
    expect(asked).toMatchObject([{ provider: 'openai', model: 'some-model', mode: 'chat', messages, params }]);
  });

  it('code', async () => {
    const data = `
type: code
title: Sum
code_language: python3
code: |
  def main(a, b):
      return {"total": a + b}
variables:
  - { variable: a, value_selector: [begin, a] }
  - { variable: b, value_selector: [begin, b] }
outputs:
  total: { type: number, children: null }`;
    const { result, ran } = await run(data, { begin: { a: 1, b: 2 } }, {}, '{"total":3}');
    expect(result).toMatchObject({ status: 'succeeded', inputs: { a: 1, b: 2 }, outputs: { total: 3 } });
    const source = 'def main(a, b):\n    return {"total": a + b}\n';
    expect(ran).toMatchObject([{ language: 'python3', code: source, inputs: '{"a":1,"b":2}' }]);
  });

  it('http-request', async () => {
    const data = `
type: http-request
title: Fetch
method: post
url: "https://example.org/items"
authorization: { type: api-key, config: { type: bearer, api_key: "{{#env.TOKEN#}}", header: "" } }
headers: "Accept: application/json"
params: "page: 1"
body: { type: json, data: [{ type: text, key: "", value: '{"q": "{{#begin.q#}}"}' }] }
timeout: { connect: 10, read: 60, write: 60 }
retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 500 }
error_strategy: default-value
default_value:
  - { key: body, type: string, value: "{}" }
  - { key: status_code, type: number, value: "0" }`;
    const { result, sent } = await run(data, { begin: { q: 'say "hi"' }, env: { TOKEN: 'token' } });
    const error = 'Request failed with status code 404';
    expect(result).toMatchObject({ status: 'failed', error, errorType: 'HTTPResponseCodeError' });
    expect(sent).toMatchObject([
      {
        method: 'POST',
        url: 'https://example.org/items?page=1',
        headers: { Accept: 'application/json', Authorization: 'Bearer token', 'Content-Type': 'application/json' },
        body: '{"q":"say \\"hi\\""}',
        timeouts: { connectMs: 10_000, readMs: 60_000, writeMs: 60_000 },
      },
    ]);
  });

  it.each<[Record<string, ValueObject>, ValueObject]>([
    [{ a: { output: 'A' }, b: { output: 'B' } }, { Text: { output: 'A' } }],
    [{ b: { output: 'B' } }, { Text: { output: 'B' } }],
    [{}, {}],
  ])('variable-aggregator with groups: %j', async (pool, outputs) => {
    const data = `
type: variable-aggregator
title: Merge
output_type: string
variables: []
advanced_settings:
  group_enabled: true
  groups:
    - { group_name: Text, output_type: string, variables: [[a, output], [b, output]] }`;
    expect((await run(data, pool)).result).toMatchObject({ status: 'succeeded', outputs });
  });
});

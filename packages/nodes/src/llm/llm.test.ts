import {
  Float,
  ModelError,
  type ModelAnswer,
  type ModelRequest,
  type ModelUsage,
  type ValueObject,
} from '@millrace/contracts';
import { memoryFiles } from '../testing/memory-files.js';
import { createChecks } from '../checks/checks.js';
import { nodeRequest } from '../testing/request.js';
import { createLlmNode } from './llm.js';
import { createReasoningSplitter } from './reasoning.js';

const usage: ModelUsage = {
  prompt_tokens: 3,
  prompt_unit_price: '0',
  prompt_price_unit: '0.000001',
  prompt_price: '0',
  completion_tokens: 4,
  completion_unit_price: '0',
  completion_price_unit: '0.000001',
  completion_price: '0',
  total_tokens: 7,
  total_price: '0.5',
  currency: 'USD',
  latency: 1,
  time_to_first_token: 0.5,
  time_to_generate: null,
};
const model = {
  provider: 'langgenius/openai/openai',
  name: 'm',
  mode: 'chat',
  completion_params: { temperature: 0.2 },
};

async function run(
  data: ValueObject,
  pool: Record<string, ValueObject> = {},
  pieces: string[] | Error = ['Hel', 'lo'],
) {
  const calls: ModelRequest[] = [];
  const node = createLlmNode({
    checks: createChecks(),
    files: memoryFiles(),
    models: {
      invoke: async (request): Promise<ModelAnswer> => {
        calls.push(request);
        if (pieces instanceof Error) throw pieces;
        for (const piece of pieces) request.onDelta?.(piece);
        return { text: pieces.join(''), finishReason: 'stop', usage };
      },
    },
  });
  const base = { type: 'llm', title: 'L', model, prompt_template: [{ role: 'user', text: 'Hi {{#a.v#}}' }] };
  const { request, streamed, reported } = nodeRequest({ ...base, ...data }, pool);
  return { result: await node.execute(request), calls, call: calls[0], streamed, reported };
}

const pool = { a: { v: 'Ada', n: null, list: ['x', 'y'], obj: { k: 1 } } };
const text = (role: string, content: string) => ({ role, text: content });

describe('llm', () => {
  const context = { enabled: true, variable_selector: ['a', 'long'] };
  const jinja = { role: 'user', edition_type: 'jinja2', text: '', jinja2_text: '{{ x }}' };
  it.each<[string, ValueObject]>([
    [
      'variables',
      { prompt_template: [text('system', '{{#a.long#}}'.repeat(150)), text('user', '{{#a.long#}}'.repeat(150))] },
    ],
    ['context', { prompt_template: [text('user', '{{#context#}}'.repeat(300))], context }],
    [
      'Jinja2',
      {
        prompt_template: Array.from({ length: 300 }, () => jinja),
        prompt_config: { jinja2_variables: [{ variable: 'x', value_selector: ['a', 'long'] }] },
      },
    ],
    [
      'the query of the memory',
      {
        model: { ...model, mode: 'completion' },
        prompt_template: { text: '#sys.query#'.repeat(300) },
        memory: { query_prompt_template: '{{#a.long#}}', role_prefix: { user: 'U', assistant: 'A' } },
      },
    ],
  ])('a prompt that would insert a long text again and again fails: %s', async (_, data) => {
    const { result, calls } = await run(data, { a: { long: 'x'.repeat(100_000) } });
    expect(result).toMatchObject({ status: 'failed', errorType: 'TextSizeError' });
    expect(calls).toEqual([]);
  });

  it('streams an answer and reports everything about it', async () => {
    const { result, call, streamed, reported } = await run({}, pool);
    expect(call).toMatchObject({
      tenantId: 't',
      provider: model.provider,
      model: 'm',
      mode: 'chat',
      executionId: 'exec-1',
      params: { temperature: 0.2 },
      messages: [text('user', 'Hi Ada')],
    });
    expect(streamed).toEqual([
      ['text', 'Hel'],
      ['text', 'lo'],
    ]);
    const inputs = { '#a.v#': 'Ada', model_provider: model.provider, model_name: 'm' };
    const timed = { ...usage, latency: new Float(1) };
    expect(reported).toEqual([inputs]);
    expect(result).toEqual({
      status: 'succeeded',
      handle: 'source',
      inputs,
      outputs: { text: 'Hello', reasoning_content: '', usage: timed, finish_reason: 'stop' },
      metadata: { total_tokens: 7, total_price: '0.5', currency: 'USD' },
      processData: {
        model_mode: 'chat',
        prompts: [{ role: 'user', text: 'Hi Ada', files: [] }],
        model_provider: model.provider,
        model_name: 'm',
        usage: timed,
        finish_reason: 'stop',
      },
    });
  });

  it.each<[string, ValueObject, unknown[]]>([
    [
      'null is empty text',
      { prompt_template: [text('system', 'S'), text('user', '[{{#a.n#}}]')] },
      [text('system', 'S'), text('user', '[]')],
    ],
    [
      'empty messages are dropped',
      { prompt_template: [text('system', ' '), text('assistant', 'A')] },
      [text('assistant', 'A')],
    ],
    [
      'context of text',
      {
        prompt_template: [text('user', 'C: {{#context#}}')],
        context: { enabled: true, variable_selector: ['a', 'v'] },
      },
      [text('user', 'C: Ada')],
    ],
    [
      'context of a list, not scanned for references',
      {
        prompt_template: [text('user', '{{#context#}}')],
        context: { enabled: true, variable_selector: ['c', 'list'] },
      },
      [text('user', 'plain {{#a.v#}}\nsum\nbody')],
    ],
    [
      'context off',
      { prompt_template: [text('user', 'C{{#context#}}')], context: { enabled: false, variable_selector: [] } },
      [text('user', 'C')],
    ],
    [
      'jinja',
      {
        prompt_template: [
          { role: 'user', text: 'unused', edition_type: 'jinja2', jinja2_text: '{% for i in l %}{{ i }};{% endfor %}' },
        ],
        prompt_config: { jinja2_variables: [{ variable: 'l', value_selector: ['a', 'list'] }] },
      },
      [text('user', 'x;y;')],
    ],
    [
      'memory template',
      { memory: { query_prompt_template: 'Q {{#a.v#}}', window: {} } },
      [text('user', 'Hi Ada'), text('user', 'Q Ada')],
    ],
    [
      'the query of a memory has no context',
      {
        memory: { query_prompt_template: '{{#context#}}Q', window: {} },
        context: { enabled: true, variable_selector: ['a', 'v'] },
      },
      [text('user', 'Hi Ada'), text('user', 'Q')],
    ],
    ['memory without chat', { memory: { window: {} } }, [text('user', 'Hi Ada')]],
    [
      'leftovers',
      { vision: { enabled: true, configs: null }, structured_output_enabled: true, prompt_config: null },
      [text('user', 'Hi Ada')],
    ],
    [
      'completion',
      { model: { ...model, mode: 'completion' }, prompt_template: { text: '{{#histories#}}Go {{#a.v#}}' } },
      [text('user', 'Go Ada')],
    ],
    [
      'completion with a memory block: query in its place, no history, no message',
      {
        model: { ...model, mode: 'completion' },
        prompt_template: { text: '#histories#Q: #sys.query#|{{#a.n#}}' },
        memory: { role_prefix: { user: 'H', assistant: 'A' }, query_prompt_template: 'from {{#a.v#}}', window: {} },
      },
      [text('user', 'Q: from Ada|')],
    ],
    [
      'completion with Jinja2',
      {
        model: { ...model, mode: 'completion' },
        prompt_template: { text: '', edition_type: 'jinja2', jinja2_text: 'n={{ n }};' },
        prompt_config: { jinja2_variables: [{ variable: 'n', value_selector: ['a', 'n'] }] },
      },
      [text('user', 'n=;')],
    ],
    ['an unknown role counts as user', { prompt_template: [text('tool', 'x')] }, [text('user', 'x')]],
    [
      'a missing context is empty',
      {
        prompt_template: [text('user', 'C{{#context#}}')],
        context: { enabled: true, variable_selector: ['nope', 'x'] },
      },
      [text('user', 'C')],
    ],
    [
      'an empty context selector is ignored',
      { prompt_template: [text('user', 'C{{#context#}}')], context: { enabled: true, variable_selector: [] } },
      [text('user', 'C')],
    ],
    [
      'the query of a chat memory',
      { memory: { query_prompt_template: '', window: { enabled: false, size: 10 } } },
      [text('user', 'Hi Ada')],
    ],
  ])('assembles: %s', async (_, data, messages) => {
    const all = { ...pool, sys: { files: [] }, c: { list: ['plain {{#a.v#}}', { content: 'body', summary: 'sum' }] } };
    const { call, result } = await run(data, all);
    expect(result.status).toBe('succeeded');
    expect(call?.messages).toEqual(messages);
  });

  it('renders parameters', async () => {
    const params = {
      temperature: '{{#p.t#}}',
      stop: ['{{#p.t#}}'],
      user: '{{#p.name#}}',
      flag: '{{#p.b#}}',
      top_p: '0.1',
    };
    const { call } = await run(
      { model: { ...model, completion_params: params } },
      { ...pool, p: { t: 0.5, name: 'n', b: 'true' } },
    );
    expect(call?.params).toEqual({ temperature: 0.5, stop: ['{{#p.t#}}'], user: 'n', flag: true, top_p: '0.1' });
  });

  it('cuts a rendered parameter at 1024 characters', async () => {
    const params = { user: '{{#p.long#}}', note: 'x'.repeat(2000) };
    const { call } = await run(
      { model: { ...model, completion_params: params } },
      { ...pool, p: { long: '😀'.repeat(1100) } },
    );
    expect(call?.params).toEqual({ user: '😀'.repeat(1024), note: 'x'.repeat(2000) });
  });

  it('has no parameters by default', async () => {
    const { call } = await run({ model: { ...model, completion_params: null } }, pool);
    expect(call?.params).toEqual({});
    expect(call).not.toHaveProperty('maxRetries');
    expect(call).not.toHaveProperty('outputSchema');
  });

  it.each<[ValueObject, number | undefined]>([
    [{ retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 10 } }, 0],
    [{ retry_config: { retry_enabled: true, max_retries: 0 } }, undefined],
    [{ retry_config: { retry_enabled: false, max_retries: 3 } }, undefined],
    [{ retry_config: null }, undefined],
  ])('with %j the call may repeat itself: %s', async (data, maxRetries) => {
    expect((await run(data, pool)).call?.maxRetries).toBe(maxRetries);
  });

  it('reports null as empty text, the context and the query', async () => {
    const { reported } = await run(
      {
        prompt_template: [text('user', '{{#a.n#}}{{#context#}}{{#a.obj#}}')],
        context: { enabled: true, variable_selector: ['a', 'list'] },
        memory: { query_prompt_template: '{{#a.v#}}{{#a.n#}}' },
      },
      pool,
    );
    expect(reported[0]).toEqual({
      '#a.n#': '',
      '#a.obj#': { k: 1 },
      '#a.v#': 'Ada',
      '#context#': 'x\ny',
      model_provider: model.provider,
      model_name: 'm',
    });
  });

  it('takes any name for a jinja variable; a null is an empty text, one inside a list is None', async () => {
    const message = {
      role: 'user',
      edition_type: 'jinja2',
      jinja2_text: '{{ __proto__ }}|{{ constructor }}|{{ list }}',
    };
    const variables = [
      { variable: '__proto__', value_selector: ['a', 'v'] },
      { variable: 'constructor', value_selector: ['a', 'n'] },
      { variable: 'list', value_selector: ['a', 'nulls'] },
    ];
    const { reported, calls } = await run(
      { prompt_template: [message], prompt_config: { jinja2_variables: variables } },
      { a: { ...pool.a, nulls: [null] } },
    );
    expect(calls[0]?.messages).toMatchObject([{ text: 'Ada||[None]' }]);
    expect(Object.entries(reported[0] ?? {}).slice(0, 3)).toEqual([
      ['__proto__', 'Ada'],
      ['constructor', ''],
      ['list', 'None'],
    ]);
  });

  it('reports jinja variables as text', async () => {
    const message = { role: 'user', text: '', edition_type: 'jinja2', jinja2_text: '{{ list }}' };
    const variables = ['list', 'obj', 'n', 'mixed', 'records'].map((name) => ({
      variable: name,
      value_selector: ['a', name],
    }));
    const record = { content: 'found', metadata: { _source: 'knowledge' } };
    const more = { mixed: [1, new Float(2), null, true, ['x']], records: [record, { content: 'other' }] };
    const { reported } = await run(
      { prompt_template: [message], prompt_config: { jinja2_variables: variables } },
      { a: { ...pool.a, ...more } },
    );
    expect(reported[0]).toMatchObject({
      ...{ list: 'x\ny', obj: '{"k": 1}', n: '' },
      mixed: "1\n2.0\nNone\nTrue\n['x']",
      records: 'found\n{"content": "other"}',
    });
  });

  it.each<[ValueObject, string, string]>([
    [{ prompt_template: [text('user', '{{#a.nope#}}')] }, 'Variable #a.nope# not found', 'VariableNotFoundError'],
    [
      { prompt_template: [{ role: 'user', text: '', edition_type: 'jinja2', jinja2_text: 'x {{#q.r#}}' }] },
      'Variable #q.r# not found',
      'VariableNotFoundError',
    ],
    [
      { prompt_template: [text('user', '')] },
      'No prompt found in the LLM configuration. Please ensure a prompt is properly configured before proceeding.',
      'NoPromptFoundError',
    ],
    [{ model: { ...model, name: '' } }, 'Model does not exist.', 'ModelNotExistError'],
    [{ model: { ...model, mode: null } }, 'LLM mode is required.', 'LLMModeRequiredError'],
    [
      { memory: { query_prompt_template: '{{#q.none#}}', window: {} } },
      'Variable #q.none# not found',
      'VariableNotFoundError',
    ],
    [
      {
        prompt_template: [{ role: 'user', edition_type: 'jinja2', jinja2_text: 'x' }],
        prompt_config: { jinja2_variables: [{ variable: 'v', value_selector: ['q', 'v'] }] },
      },
      'Variable #q.v# not found',
      'VariableNotFoundError',
    ],
    [{ model: { ...model, provider: '' } }, 'Model does not exist.', 'ModelNotExistError'],
    [
      { model: { ...model, mode: 'completion' }, prompt_template: { text: 'x' }, memory: { window: {} } },
      'Memory role prefix is required for completion model.',
      'MemoryRolePrefixRequiredError',
    ],
    [
      { vision: { enabled: true, configs: { variable_selector: ['a', 'v'] } } },
      'Invalid variable type: string',
      'InvalidVariableTypeError',
    ],
    [{ model: null }, expect.stringContaining('Invalid configuration: model') as never, 'LLMNodeError'],
    [
      { context: { enabled: true, variable_selector: ['b', 'bad'] } },
      "Invalid context structure: {'x': 1}",
      'InvalidContextStructureError',
    ],
    [{ vision: { enabled: true } }, 'The file does not exist any more', 'LLMNodeError'],
    [
      { prompt_template: [{ role: 'user', edition_type: 'jinja2', jinja2_text: '{% if %}' }] },
      "expected token 'expression', got 'end of tag' (line 1)",
      'LLMNodeError',
    ],
  ])('%j fails', async (data, error, errorType) => {
    const file = { dify_model_identity: '__dify__file__', type: 'image' };
    const { result, calls } = await run(data, { ...pool, b: { bad: [{ x: 1 }] }, sys: { files: [file] } });
    expect(result).toMatchObject({ status: 'failed', error, errorType });
    expect(calls).toEqual([]);
  });

  it('passes a failure of the provider on', async () => {
    const quota = new ModelError('QuotaExceededError', 'pay', { apiCode: 'provider_quota_exceeded', retryAfterMs: 5 });
    expect((await run({}, pool, quota)).result).toMatchObject({
      status: 'failed',
      error: 'pay',
      errorType: 'QuotaExceededError',
      code: 'provider_quota_exceeded',
      retryAfterMs: 5,
      inputs: { '#a.v#': 'Ada' },
      processData: { prompts: [{ text: 'Hi Ada' }] },
    });
  });

  it('separates reasoning when asked', async () => {
    const { result, streamed } = await run({ reasoning_format: 'separated' }, pool, [
      '<thi',
      'nk>why</th',
      'ink>\n\nA',
      ' <b\n\n\nz',
    ]);
    expect(streamed).toEqual([
      ['reasoning_content', 'why'],
      ['text', 'A'],
      ['text', ' <b\n\n\nz'],
    ]);
    expect(result).toMatchObject({ outputs: { text: 'A <b\n\nz', reasoning_content: 'why' } });
    const tagged = await run({ reasoning_format: 'tagged' }, pool, ['<think>why</think>A']);
    expect(tagged.result).toMatchObject({ outputs: { text: '<think>why</think>A', reasoning_content: '' } });
  });
});

describe('createReasoningSplitter', () => {
  it.each([
    ['no tags < at all >', 'no tags < at all >', ''],
    ['<THINK a="b">x</Think>y', 'y', 'x'],
    ['a<think>x</think>b<think> y </think>', 'ab', 'x\ny'],
    ['a<think>open', 'a', 'open'],
    ['<thinking>x', '<thinking>x', ''],
    ['ends with <thin', 'ends with <thin', ''],
  ])('%j', (answer, expectedText, reasoning) => {
    for (const size of [1, 3, 100]) {
      const shown: string[] = [];
      const splitter = createReasoningSplitter((name, piece) => name === 'text' && shown.push(piece));
      for (let at = 0; at < answer.length; at += size) splitter.push(answer.slice(at, at + size));
      expect(splitter.end()).toEqual({ text: expectedText, reasoning });
      expect(shown.join('')).toBe(expectedText);
    }
  });
});

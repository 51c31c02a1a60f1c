import type { MadeFile, ModelRequest, ValueObject } from '@millrace/contracts';
import { fileValue, memoryFiles } from '../testing/memory-files.js';
import { createChecks } from '../checks/checks.js';
import { nodeRequest } from '../testing/request.js';
import { createLlmNode } from './llm.js';

const png = { name: 'a.png', mimeType: 'image/png', bytes: Buffer.from('picture') };
const pdf = { name: 'b.pdf', mimeType: 'application/pdf', bytes: Buffer.from('paper') };
const half = { name: 'half', mimeType: 'video/mp4', bytes: Buffer.alloc(30 * 1024 * 1024) };
const value = (id: string, type: string): ValueObject => fileValue(id, { type, filename: id, mime_type: 'm', size: 7 });

const pool = {
  sys: { files: [value('png', 'image')] },
  a: {
    png: value('png', 'image'),
    both: [value('png', 'image'), value('pdf', 'document')],
    odd: value('odd', 'custom'),
    halves: [value('half', 'video'), value('half', 'video')],
    found: [
      { content: 'one', files: [value('pdf', 'document'), { not: 'a file' }] },
      { content: 'two', files: null },
    ],
    none: null,
    empty: [],
    text: 'words',
  },
};
const model = { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} };
const shown = {
  png: { type: 'image', detail: 'high', name: 'a.png', mimeType: 'image/png', base64: btoa('picture') },
  pdf: { type: 'document', name: 'b.pdf', mimeType: 'application/pdf', base64: btoa('paper') },
};

/** `made` are the files of the answer, which stand in the middle of its text. */
async function run(data: ValueObject, made: readonly MadeFile[] = []) {
  const calls: ModelRequest[] = [];
  const files = memoryFiles({ png, pdf, half, odd: png });
  const node = createLlmNode({
    checks: createChecks(),
    files,
    models: {
      invoke: async (request) => {
        calls.push(request);
        const pieces = ['o'];
        for (const file of made) pieces.push((await request.onFile?.(file)) ?? '');
        pieces.push('k');
        for (const piece of pieces) request.onDelta?.(piece);
        return { text: pieces.join(''), finishReason: 'stop', usage: {} as never };
      },
    },
  });
  const { request, streamed } = nodeRequest({ type: 'llm', title: 'L', model, ...data }, pool);
  const linked = (file: ValueObject) => ({ ...file, url: `http://files/${(file['related_id'] as string).slice(-4)}` });
  const result = await node.execute({ ...request, linked });
  expect(files.stillOpen()).toBe(0);
  return { result, files, messages: calls[0]?.messages, streamed };
}

const message = (role: string, text: string) => ({ role, text });
const see = (name: string, more: ValueObject = {}): ValueObject => ({
  vision: { enabled: true, configs: { variable_selector: ['a', name], ...more } },
});

describe('files of a prompt (dsl 4.6)', () => {
  it.each<[string, ValueObject, object[]]>([
    [
      'in front of the last message of the user',
      { prompt_template: [message('system', 'S'), message('user', 'U')], ...see('both') },
      [message('system', 'S'), { ...message('user', 'U'), files: [shown.png, shown.pdf] }],
    ],
    [
      "in a message of their own when the last is not the user's",
      { prompt_template: [message('user', 'U'), message('system', 'S')], ...see('png') },
      [message('user', 'U'), message('system', 'S'), { ...message('user', ''), files: [shown.png] }],
    ],
    [
      'alone when there is no text',
      { prompt_template: [message('user', ' ')], ...see('png') },
      [{ ...message('user', ''), files: [shown.png] }],
    ],
    [
      'sys.files by default',
      { prompt_template: [message('user', 'U')], vision: { enabled: true, configs: null } },
      [{ ...message('user', 'U'), files: [shown.png] }],
    ],
    [
      'looked at as closely as it is told',
      { prompt_template: [message('user', 'U')], ...see('both', { detail: 'low' }) },
      [{ ...message('user', 'U'), files: [{ ...shown.png, detail: 'low' }, shown.pdf] }],
    ],
    [
      'referenced in a text, behind it, vision or not',
      { prompt_template: [message('system', 'S {{#a.both#}}{{#a.text#}}'), message('user', 'U')] },
      [message('system', 'S words'), { ...message('system', ''), files: [shown.png, shown.pdf] }, message('user', 'U')],
    ],
    [
      'referenced in the query of a memory',
      { prompt_template: [message('system', 'S')], memory: { query_prompt_template: 'Q{{#a.png#}}', window: {} } },
      [message('system', 'S'), message('user', 'Q'), { ...message('user', ''), files: [shown.png] }],
    ],
    [
      'of the context, in front of the others',
      {
        prompt_template: [message('user', 'U {{#context#}}')],
        context: { enabled: true, variable_selector: ['a', 'found'] },
        ...see('png'),
      },
      [{ ...message('user', 'U one\ntwo'), files: [shown.pdf, shown.png] }],
    ],
    [
      'none of the context when vision is off',
      {
        prompt_template: [message('user', 'U {{#context#}}')],
        context: { enabled: true, variable_selector: ['a', 'found'] },
      },
      [message('user', 'U one\ntwo')],
    ],
    [
      'none when vision is off',
      { prompt_template: [message('user', 'U')], vision: { enabled: false } },
      [message('user', 'U')],
    ],
    [
      'none when the variable is null',
      { prompt_template: [message('user', 'U')], ...see('none') },
      [message('user', 'U')],
    ],
    ['none when it is missing', { prompt_template: [message('user', 'U')], ...see('missing') }, [message('user', 'U')]],
    ['none when it is empty', { prompt_template: [message('user', 'U')], ...see('empty') }, [message('user', 'U')]],
    [
      'without kinds that no model knows',
      { prompt_template: [message('user', 'U')], ...see('odd') },
      [message('user', 'U')],
    ],
    [
      'never in a completion',
      { model: { ...model, mode: 'completion' }, prompt_template: message('', 'U {{#a.png#}}'), ...see('png') },
      [message('user', 'U ')],
    ],
  ])('%s', async (_, data, expected) => {
    const { result, messages } = await run(data);
    expect(result).toMatchObject({ status: 'succeeded' });
    expect(messages).toEqual(expected);
  });

  it('are reported by what they are', async () => {
    const { result } = await run({ prompt_template: [message('user', 'U')], ...see('png') });
    expect(result.inputs['#files#']).toEqual([pool.a.png]);
    expect(result.processData['prompts']).toEqual([
      { role: 'user', text: 'U', files: [{ type: 'image', filename: 'png', mime_type: 'm', size: 7, detail: 'high' }] },
    ]);
  });

  it('of the context are reported, looked at or not', async () => {
    const context = { enabled: true, variable_selector: ['a', 'found'] };
    const { result } = await run({ prompt_template: [message('user', '{{#context#}}')], context });
    expect(result.inputs['#context_files#']).toEqual([value('pdf', 'document')]);
  });

  it('are bounded together', async () => {
    const { result, messages } = await run({ prompt_template: [message('user', 'U')], ...see('halves') });
    expect(result).toMatchObject({ status: 'failed', error: 'too large', errorType: 'LLMNodeError' });
    expect(messages).toBeUndefined();
  });
});

describe('files of an answer', () => {
  const prompt = { prompt_template: [message('user', 'Draw')] };

  it('are kept, are an output, and stand as links where they came', async () => {
    const made = [
      { mimeType: 'image/png', base64: btoa('drawn') },
      { mimeType: 'odd/odd', base64: btoa('odd') },
    ];
    const { result, files, streamed } = await run(prompt, made);
    const [drawn, odd] = files.made.map((name) => name.slice(-4));
    const text = `o[http://files/${drawn}](http://files/${drawn})[http://files/${odd}](http://files/${odd})k`;
    // What is kept has no link in it: links are short-lived.
    const kept = files.made.map((name) => fileValue(name));
    expect(result).toMatchObject({ status: 'succeeded', outputs: { text, files: kept } });
    expect(streamed.map(([, piece]) => piece).join('')).toBe(text);
    expect(files.made).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.png$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(files.contents.map(String)).toEqual(['drawn', 'odd']);
  });

  it('are no output where there are none', async () => {
    const { result } = await run(prompt);
    expect(result).toMatchObject({ outputs: { text: 'ok' } });
    expect('outputs' in result && Object.keys(result.outputs)).not.toContain('files');
  });
});

import { readFileSync } from 'node:fs';
import { code, end, start, template, workflowFile, type NodeDraft } from '@millrace/testing';
import { checkStream, Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start({ env: { CODE_TIME_LIMIT: '5s', CODE_MAX_STRING_LENGTH: '1000' } });
}, 120_000);
afterAll(() => fleet.stop(), 60_000);

const clientOf = async (file: string): Promise<Client> => new Client(fleet.url(), (await fleet.publish(file)).apiKey);

const input = start([
  { variable: 'text', type: 'paragraph' },
  { variable: 'n', type: 'number' },
]);
const python = (
  id: string,
  body: string,
  outputs: Record<string, string>,
  more: Record<string, unknown> = {},
): NodeDraft =>
  code(id, `def main(text, n):\n    ${body}`, { text: ['start', 'text'], n: ['start', 'n'] }, outputs, more);

/** start → one Python node → end with its outputs. */
const single = (body: string, outputs: Record<string, string>): string =>
  workflowFile({
    nodes: [
      input,
      python('run', body, outputs),
      end(Object.fromEntries(Object.keys(outputs).map((name) => [name, ['run', name]]))),
    ],
  });

describe('code nodes in the cage', () => {
  it('pass values through Python, a template and JavaScript, kinds of numbers kept', async () => {
    const client = await clientOf(
      workflowFile({
        nodes: [
          input,
          python('py', 'return {"half": n / 2, "twice": n * 2, "words": text.split(), "gone": None}', {
            half: 'number',
            twice: 'number',
            words: 'array[string]',
            gone: 'string',
          }),
          template('print', '{{ half }} {{ twice }} {{ words }} {{ gone }}', {
            half: ['py', 'half'],
            twice: ['py', 'twice'],
            words: ['py', 'words'],
            gone: ['py', 'gone'],
          }),
          code(
            'js',
            'function main({printed, words}) { return { result: printed + "!", count: words.length } }',
            { printed: ['print', 'output'], words: ['py', 'words'] },
            { result: 'string', count: 'number' },
            { code_language: 'javascript' },
          ),
          end({ result: ['js', 'result'], count: ['js', 'count'] }),
        ],
      }),
    );
    const events = await collect(await client.stream({ text: 'ä 𝄞', n: 4 }));
    checkStream(events);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      outputs: { result: "2.0 8 ['ä', '𝄞'] None!", count: 2 },
    });
    const finished = events.find(({ event, data }) => event === 'node_finished' && data['node_id'] === 'py')?.data;
    expect(finished).toMatchObject({ inputs: { text: 'ä 𝄞', n: 4 }, outputs: { words: ['ä', '𝄞'], gone: null } });
  });

  it('hand NaN and infinities on to nodes of every kind; whoever reads JSON sees null', async () => {
    const x = ['py', 'x'];
    const above: Record<string, unknown> = { variable_selector: x, comparison_operator: '≥', value: '-1' };
    const nodes = [
      input,
      python('py', 'return {"x": float("nan"), "l": [n, float("-inf")], "gone": None}', {
        ...{ x: 'number', l: 'array[number]', gone: 'number' },
      }),
      template('print', '{{ x }} {{ l }} {{ gone }}', { x, l: ['py', 'l'], gone: ['py', 'gone'] }),
      python(
        'again',
        'return {"s": repr([text, n])}',
        { s: 'string' },
        {
          variables: [
            { variable: 'text', value_selector: x },
            { variable: 'n', value_selector: ['py', 'l'] },
          ],
        },
      ),
      code(
        'js',
        'const main = ({x}) => ({ s: String(x), x })',
        { x },
        { s: 'string', x: 'number' },
        {
          ...{ code_language: 'javascript' },
        },
      ),
      {
        id: 'if',
        data: {
          ...{ type: 'if-else', title: 'if' },
          cases: [
            { case_id: 'true', logical_operator: 'or', conditions: [above, { ...above, comparison_operator: '<' }] },
          ],
        },
      },
      end({
        x,
        l: ['py', 'l'],
        printed: ['print', 'output'],
        again: ['again', 's'],
        js: ['js', 's'],
        back: ['js', 'x'],
      }),
    ];
    const edges = nodes.slice(1).map(({ id }, at): [string, string, string] => {
      const source = nodes[at]?.id ?? '';
      return [source, id, source === 'if' ? 'false' : 'source'];
    });
    const client = await clientOf(workflowFile({ nodes, edges }));
    const events = await collect(await client.stream({ text: '', n: 1 }));
    checkStream(events);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      outputs: {
        ...{ x: null, l: [1, null], printed: 'nan [1, -inf] None', again: '[nan, [1, -inf]]' },
        ...{ js: 'NaN', back: null },
      },
    });
    const finished = events.find(({ event, data }) => event === 'node_finished' && data['node_id'] === 'py')?.data;
    expect(finished).toMatchObject({ outputs: { x: null, l: [1, null] } });
    const streamed = events.filter(({ event }) => event === 'text_chunk').map(({ data }) => data['text']);
    expect(streamed.join('')).toContain('nan');
  });

  it('take any name for nodes, variables and outputs, and keep the order of keys', async () => {
    const variables = { ['__proto__']: ['start', '__proto__'], toString: ['start', 'toString'] };
    const outputs = { b: 'object', '10': 'number', '9': 'number', ['__proto__']: 'number', constructor: 'string' };
    const body =
      'return {"b": {"z": 1, "1": [2], "0": 3}, "10": 10, "9": 9, "__proto__": __proto__ + 1, "constructor": repr(toString)}';
    const client = await clientOf(
      workflowFile({
        nodes: [
          start([
            { variable: '__proto__', type: 'number', required: true },
            { variable: 'toString', type: 'json_object' },
            { variable: '10' },
            { variable: '9' },
          ]),
          code('constructor', `def main(__proto__, toString):\n    ${body}`, variables, outputs),
          template('__proto__', '{{ b }}{{ p }}{{ c }}', {
            ...{ b: ['constructor', 'b'], p: ['constructor', '__proto__'], c: ['constructor', 'constructor'] },
          }),
          end({
            printed: ['__proto__', 'output'],
            b: ['start', 'toString'],
            ['__proto__']: ['constructor', '__proto__'],
          }),
        ],
      }),
    );
    const toString = { y: 0, ['__proto__']: { constructor: 1 } };
    const request = { inputs: { ['__proto__']: 7, toString }, user: 'e2e', response_mode: 'blocking' };
    const answer = await client.request('POST', 'workflows/run', { body: request });
    const text = await answer.text();
    expect(text).toContain(
      `"outputs":{"printed":"{'z': 1, '1': [2], '0': 3}8{'y': 0, '__proto__': {'constructor': 1}}",` +
        `"b":{"y":0,"__proto__":{"constructor":1}},"__proto__":8}`,
    );
    const { workflow_run_id: runId } = JSON.parse(text) as { workflow_run_id: string };
    const detail = (await (await client.request('GET', `workflows/run/${runId}`)).json()) as { inputs: string };
    expect(detail.inputs).toMatch(/^\{"__proto__":7,"toString":\{"y":0,.*\},"10":null,"9":null,"sys\.files":/);
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['an exception', 'return {"x": 1 / 0}', { x: 'number' }, 'ZeroDivisionError'],
    ['a syntax error', 'return {', { x: 'number' }, 'SyntaxError'],
    ['no mapping', 'return [1]', {}, 'Result must be a dict, got list'],
    ['a missing output', 'return {}', { x: 'number' }, 'Output x is missing.'],
    ['an output of another type', 'return {"x": 1}', { x: 'string' }, 'Output x must be a string, got int instead.'],
    ['an undeclared output', 'return {"x": 1, "y": 2}', { x: 'number' }, 'Not all output parameters are validated.'],
    [
      'a text over the limit that the operator set',
      'return {"x": "a" * 1001}',
      { x: 'string' },
      'less than 1000 characters',
    ],
    ['a module that is not there', 'import requests', {}, "No module named 'requests'"],
    ['an endless loop', 'while True: pass', {}, 'time limit'],
    ['too much memory', 'return {"x": len("a" * 10**9)}', { x: 'number' }, 'memory limit'],
  ])(
    '%s fails the run with its reason',
    async (_, body, outputs, error) => {
      const client = await clientOf(single(body, outputs));
      const { status, body: answer } = await client.blocking({ text: 't', n: 1 });
      expect([status, answer.data]).toMatchObject([200, { status: 'failed' }]);
      expect(answer.data.error).toContain(error);
    },
    60_000,
  );

  it('failures take the fail branch, with the type of the error', async () => {
    const failing = python('run', 'return {"x": 1}', { x: 'string' }, { error_strategy: 'fail-branch' });
    const client = await clientOf(
      workflowFile({
        nodes: [input, failing, end({ x: ['run', 'x'] }, 'good'), end({ type: ['run', 'error_type'] }, 'bad')],
        edges: [
          ['start', 'run'],
          ['run', 'good'],
          ['run', 'bad', 'fail-branch'],
        ],
      }),
    );
    const { body } = await client.blocking({ text: 't', n: 1 });
    expect(body.data).toMatchObject({ status: 'partial-succeeded', outputs: { type: 'OutputValidationError' } });
  });

  it('leave nothing behind: each run starts from the same state', async () => {
    const count = 'import builtins; builtins.seen = getattr(builtins, "seen", 0) + 1; return {"x": builtins.seen}';
    const client = await clientOf(single(count, { x: 'number' }));
    for (let i = 0; i < 5; i += 1) {
      const { body } = await client.blocking({ text: 't', n: 1 });
      expect(body.data).toMatchObject({ status: 'succeeded', outputs: { x: 1 } });
    }
  });

  it('see nothing of the worker: no environment, no files, no network', async () => {
    const look = [
      'import os, socket',
      'found = [k for k in os.environ if "MILLRACE" in k or "URL" in k]',
      'for path in ("/proc/self/environ", "/etc/passwd", "/root", "/home"):',
      '    try: found += [path] if os.path.isdir(path) and os.listdir(path) else [open(path).read()[:20]] if os.path.exists(path) else []',
      '    except OSError: pass',
      'try:',
      '    socket.create_connection(("127.0.0.1", int(n)), 1)',
      '    found.append("connected")',
      'except BaseException: pass',
      'return {"found": found}',
    ].join('\n    ');
    const client = await clientOf(single(look, { found: 'array[string]' }));
    const { body } = await client.blocking({ text: 't', n: Number(new URL(fleet.url()).port) });
    expect(body.data).toMatchObject({ status: 'succeeded', outputs: { found: [] } });
  });

  it('are cut off by a stop', async () => {
    const client = await clientOf(single('while True: pass', {}));
    const run = await client.stream({ text: 't', n: 1 });
    const seen = [];
    for await (const event of run.events) {
      seen.push(event);
      if (event.event === 'node_started' && event.data['node_id'] === 'run') await client.stop(run.taskId);
    }
    checkStream(seen);
    expect(seen.at(-1)?.data).toMatchObject({ status: 'stopped' });
    const { body } = await (await clientOf(single('return {"x": n}', { x: 'number' }))).blocking({ text: 't', n: 7 });
    expect(body.data).toMatchObject({ status: 'succeeded', outputs: { x: 7 } });
  }, 60_000);

  it('run side by side, each with its own inputs', async () => {
    const client = await clientOf(single('return {"x": text * int(n)}', { x: 'string' }));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => client.blocking({ text: `t${i}.`, n: i % 5 })),
    );
    answers.forEach(({ body }, i) => {
      expect(body.data).toMatchObject({ status: 'succeeded', outputs: { x: `t${i}.`.repeat(i % 5) } });
    });
  }, 60_000);
});

it('an import names what code cannot have', async () => {
  const file = workflowFile({ nodes: [input, python('Count', 'import numpy, json; return {}', {}), end({})] });
  const imported = await fleet.console<{ status: string; warnings: string[] }>('POST', 'apps/imports', {
    mode: 'yaml-content',
    yaml_content: file,
  });
  expect(imported).toMatchObject({ status: 'completed-with-warnings' });
  expect(imported.warnings).toEqual([expect.stringMatching(/^Code node 'Count' imports 'numpy': /) as string]);
});

it('the sample of text statistics runs as it is', async () => {
  const read = (name: string): string => readFileSync(new URL(`../../../../samples/${name}`, import.meta.url), 'utf8');
  const client = await clientOf(read('text-statistics.yml'));
  const { exampleInputs } = JSON.parse(read('text-statistics.example.json')) as { exampleInputs: object };
  const { body } = await client.blocking(exampleInputs);
  expect(body.data).toMatchObject({
    status: 'succeeded',
    outputs: {
      report:
        '35 words in 4 sentences and 2 paragraphs, 0.2 minutes to read.\n\n1. river (4)\n2. mill (2)\n3. turns (2)',
    },
  });
});

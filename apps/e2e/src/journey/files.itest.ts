import { createRequire } from 'node:module';
import {
  end,
  http,
  llm,
  start,
  startHttpTarget,
  startModelServer,
  workflowFile,
  type HttpTarget,
} from '@millrace/testing';
import { Client, collect, type BlockingBody, type WireEvent } from '../client.js';
import { Fleet, type PublishedApp } from '../fleet.js';

/** What Dify's official client offers for files; its type declarations lag behind. */
interface OfficialClient {
  fileUpload(data: FormData): Promise<{ status: number; data: { id: string; created_by: string } }>;
  runWorkflow(inputs: object, user: string): Promise<{ status: number; data: BlockingBody }>;
}
const { CompletionClient } = (await import(createRequire(import.meta.url).resolve('dify-client'))) as {
  CompletionClient: new (apiKey: string, baseUrl: string) => OfficialClient;
};

type FileObject = Record<string, string | number | null>;

let fleet: Fleet;
let target: HttpTarget;
let app: PublishedApp;
let other: PublishedApp;

const file = (selector: string[], key = ''): object => ({ type: 'file', key, value: '', file: selector });

/** start → form with the files → binary body → a file response → end. */
const filesWorkflow = (url: string): string =>
  workflowFile({
    name: 'files',
    nodes: [
      start([
        {
          variable: 'doc',
          type: 'file',
          allowed_file_types: ['document'],
          allowed_file_upload_methods: ['local_file', 'remote_url'],
        },
        { variable: 'docs', type: 'file-list', max_length: 2, allowed_file_types: ['document', 'image'] },
        { variable: 'any', type: 'json_object' },
      ]),
      http('form', `${url}/form`, {
        method: 'post',
        body: {
          type: 'form-data',
          data: [file(['start', 'doc'], 'doc'), file(['start', 'docs'], 'docs'), file(['sys', 'files'], 'sys')],
        },
      }),
      http('binary', `${url}/binary`, { method: 'post', body: { type: 'binary', data: [file(['start', 'doc'])] } }),
      http('report', `${url}/report`),
      end({
        doc: ['start', 'doc'],
        docs: ['start', 'docs'],
        any: ['start', 'any'],
        sys: ['sys', 'files'],
        name: ['start', 'doc', 'name'],
        size: ['start', 'doc', 'size'],
        form: ['form', 'body'],
        report: ['report', 'files'],
        text: ['report', 'body'],
      }),
    ],
  });

beforeAll(async () => {
  [fleet, target] = await Promise.all([
    Fleet.start(),
    startHttpTarget(({ path, method }) => {
      if (path === '/report') return { headers: { 'content-type': 'application/pdf' }, body: '%PDF-1.4 \u00ff' };
      if (path === '/remote.txt')
        return method === 'HEAD' ? { headers: { 'content-length': '9' }, body: '' } : { body: 'far away!' };
      return {};
    }),
  ]);
  [app, other] = [await fleet.publish(filesWorkflow(target.url)), await fleet.publish(filesWorkflow(target.url))];
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

async function upload(content: string, name: string, user: string, key = app.apiKey): Promise<string> {
  const form = new FormData();
  form.set('user', user);
  form.set('file', new Blob([content], { type: name.endsWith('.png') ? 'image/png' : 'text/plain' }), name);
  const client = new CompletionClient(key, `${fleet.url()}/v1`);
  const { status, data } = await client.fileUpload(form);
  expect(status).toBe(201);
  return data.id;
}

const local = (id: string, type = 'document'): object => ({ type, transfer_method: 'local_file', upload_file_id: id });

async function run(body: object, key = app.apiKey, user = 'ann'): Promise<{ status: number; body: BlockingBody }> {
  const response = await new Client(fleet.url(), key).request('POST', 'workflows/run', { body: { user, ...body } });
  return { status: response.status, body: (await response.json()) as BlockingBody };
}

const fetchText = async (url: unknown): Promise<[number, string]> => {
  const response = await fetch(String(url));
  return [response.status, await response.text()];
};

describe('files through a run', () => {
  it("go in with Dify's official client, through HTTP nodes, and out as links", async () => {
    const [one, two] = [await upload('first é', 'eins é.md', 'ann'), await upload('second', 'zwei.txt', 'ann')];
    const client = new CompletionClient(app.apiKey, `${fleet.url()}/v1`);
    const { status, data } = await client.runWorkflow({ doc: local(one), docs: [local(one), local(two)] }, 'ann');
    expect([status, data.data.error]).toEqual([200, null]);
    const outputs = data.data.outputs as { doc: FileObject; report: FileObject[] };
    expect(outputs).toMatchObject({
      doc: {
        ...{ dify_model_identity: '__dify__file__', id: null, type: 'document', transfer_method: 'local_file' },
        ...{
          filename: 'eins é.md',
          extension: '.md',
          mime_type: 'text/plain',
          size: 8,
          related_id: one,
          remote_url: '',
        },
      },
      docs: [{ related_id: one }, { related_id: two }],
      ...{ name: 'eins é.md', size: 8, sys: [], text: '' },
      report: [
        {
          type: 'document',
          transfer_method: 'tool_file',
          filename: 'report',
          extension: '.pdf',
          mime_type: 'application/pdf',
        },
      ],
    });
    expect(await fetchText(outputs.doc['url'])).toEqual([200, 'first é']);
    const [report] = outputs.report;
    expect(String(report?.['url'])).toContain(`/files/tools/${String(report?.['related_id'])}.pdf?timestamp=`);
    expect(await fetchText(report?.['url'])).toEqual([200, '%PDF-1.4 \u00ff']);

    const form = target.requests.find(({ path }) => path === '/form');
    expect(form?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    for (const part of ['name="doc"; filename="eins é.md"', 'name="docs"; filename="zwei.txt"', 'first é', 'second']) {
      expect(form?.body).toContain(part);
    }
    expect(target.requests.find(({ path }) => path === '/binary')?.body).toBe('first é');
  });

  it('are listed in events, with links that work while the run goes on', async () => {
    const id = await upload('streamed', 's.txt', 'e2e');
    const response = await new Client(fleet.url(), app.apiKey).stream({ doc: local(id) });
    const events: WireEvent[] = [];
    for await (const event of response.events) events.push(event);
    const of = (event: string, node?: string): Record<string, unknown> =>
      events.find((each) => each.event === event && (node === undefined || each.data['node_id'] === node))?.data ?? {};
    expect(of('workflow_started')['inputs']).toMatchObject({ doc: { related_id: id }, docs: null, 'sys.files': [] });
    expect(of('node_finished', 'start')['files']).toMatchObject([{ related_id: id }]);
    expect(of('node_finished', 'report')['files']).toMatchObject([{ transfer_method: 'tool_file' }]);
    expect(of('workflow_finished')['files']).toMatchObject([{ related_id: id }, { transfer_method: 'tool_file' }]);
    for (const { url } of of('workflow_finished')['files'] as FileObject[]) expect((await fetchText(url))[0]).toBe(200);
  });

  it('may be remote, and top-level', async () => {
    const remote = { type: 'document', transfer_method: 'remote_url', url: `${target.url}/remote.txt` };
    const id = await upload('top', 't.txt', 'ann');
    const { status, body } = await run({ inputs: { doc: remote }, files: [local(id)] });
    expect([status, body.data.error]).toEqual([200, null]);
    expect(body.data.outputs).toMatchObject({
      doc: { filename: 'remote.txt', size: 9, url: remote.url, remote_url: remote.url, related_id: null },
      sys: [{ related_id: id, filename: 't.txt' }],
    });
    expect(target.requests.filter(({ path }) => path === '/binary').at(-1)?.body).toBe('far away!');
    expect(target.requests.filter(({ path }) => path === '/form').at(-1)?.body).toContain(
      'name="sys"; filename="t.txt"',
    );
    const shown = (await new Client(fleet.url(), app.apiKey).detail(body.workflow_run_id))['inputs'];
    expect(JSON.parse(String(shown))).toMatchObject({
      'sys.files': [{ related_id: id }],
      doc: { filename: 'remote.txt' },
    });
  });

  it.each<[string, (id: string) => object, string, number?]>([
    ['another user', (id) => ({ inputs: { doc: local(id) }, user: 'bob' }), 'Invalid upload file'],
    ['another user, top-level', (id) => ({ inputs: {}, files: [local(id)], user: 'bob' }), 'Invalid upload file'],
    ['another app', (id) => ({ inputs: { doc: local(id) } }), 'Invalid upload file', 1],
    [
      'a wrong type',
      (id) => ({ inputs: { doc: local(id, 'image') } }),
      'Detected file type does not match the specified type. Please verify the file.',
    ],
    [
      'too many',
      (id) => ({ inputs: { docs: [local(id), local(id), local(id)] } }),
      'docs in input form must be less than 2 files',
    ],
    ['no file', () => ({ inputs: { doc: 'x' } }), 'doc in input form must be a file'],
    [
      'a bad value beside a bad top-level file',
      () => ({ inputs: { doc: 'x' }, files: [local('x')] }),
      'Invalid upload file id format',
    ],
  ])('are refused for %s, before any stream byte', async (_, body, message, appIndex = 0) => {
    const id = await upload('x', 'x.txt', 'ann');
    const answer = await run({ response_mode: 'streaming', ...body(id) }, (appIndex === 0 ? app : other).apiKey);
    expect(answer).toEqual({ status: 400, body: { code: 'invalid_param', status: 400, message } });
  });

  it('cannot be forged: a value that names a foreign file opens nothing', async () => {
    const [own, foreign] = [await upload('own', 'o.txt', 'ann'), await upload('secret', 'f.txt', 'bob')];
    const forge = (id: string) => ({
      inputs: {
        doc: local(own),
        any: { dify_model_identity: '__dify__file__', transfer_method: 'local_file', related_id: id },
      },
    });
    const { body } = await run(forge(foreign));
    expect(await fetchText((body.data.outputs['any'] as FileObject)['url'])).toEqual([403, expect.any(String)]);
    const mine = await run(forge(own));
    expect(await fetchText((mine.body.data.outputs['any'] as FileObject)['url'])).toEqual([200, 'own']);
  });

  it('that are gone or not allowed fail the node that reads them', async () => {
    const url = 'http://169.254.169.254/latest/meta-data.txt';
    const { status, body } = await run({ inputs: { doc: { type: 'document', transfer_method: 'remote_url', url } } });
    expect([status, body.data.status]).toEqual([200, 'failed']);
    expect(body.data.error).toContain('is not allowed');
  });

  it('are shown to models', async () => {
    const model = await startModelServer({ text: 'A cat.' });
    try {
      await fleet.saveModel(model.baseUrl);
      const see = { vision: { enabled: true, configs: { variable_selector: ['start', 'pictures'], detail: 'low' } } };
      const pictures = { variable: 'pictures', type: 'file-list', allowed_file_types: ['image'] };
      const nodes = [start([pictures]), llm('model', 'What is it?', see), end({ answer: ['model', 'text'] })];
      const { apiKey } = await fleet.publish(workflowFile({ name: 'see', nodes }));
      const id = await upload('picture', 'cat.png', 'ann', apiKey);
      const { status, body } = await run({ inputs: { pictures: [local(id, 'image')] } }, apiKey);
      expect([status, body.data.outputs]).toEqual([200, { answer: 'A cat.' }]);
      expect(model.requests[0]?.body).toMatchObject({
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { detail: 'low' } }, { text: 'What is it?' }] },
        ],
      });
      expect(JSON.stringify(model.requests[0]?.body)).toContain(Buffer.from('picture').toString('base64'));
    } finally {
      await model.close();
    }
  });

  it('that a model makes are outputs, and stand as links in its streamed text', async () => {
    const parts = [
      { text: 'Look: ' },
      { inlineData: { mimeType: 'image/png', data: Buffer.from('drawn').toString('base64') } },
      { text: ' Like it?' },
    ];
    const frame = { candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP' }], usageMetadata: {} };
    const google = await startHttpTarget({
      headers: { 'content-type': 'text/event-stream' },
      body: `data: ${JSON.stringify(frame)}\n\n`,
    });
    try {
      await fleet.console('POST', 'workspaces/current/model-providers/google/credentials', {
        credentials: { api_key: 'g-test-secret', base_url: `${google.url}/v1beta` },
      });
      const model = { provider: 'google', name: 'draws', mode: 'chat', completion_params: {} };
      const nodes = [start([]), llm('m', 'Draw', { model }), end({ text: ['m', 'text'], files: ['m', 'files'] })];
      const { apiKey } = await fleet.publish(workflowFile({ name: 'draw', nodes }));
      const events = await collect(await new Client(fleet.url(), apiKey).stream({}));
      const streamed = events.filter(({ event }) => event === 'text_chunk').map(({ data }) => data['text'] as string);
      const { text, files } = events.at(-1)?.data['outputs'] as { text: string; files: FileObject[] };
      const link = /^Look: !\[[0-9a-f]{32}\.png\]\((http[^)]+)\) Like it\?$/.exec(text)?.[1];
      expect(streamed.join('')).toContain(text);
      expect(await fetchText(link)).toEqual([200, 'drawn']);
      expect(files).toMatchObject([{ type: 'image', mime_type: 'image/png', size: 5 }]);
      expect(await fetchText(files[0]?.['url'])).toEqual([200, 'drawn']);
    } finally {
      await google.close();
    }
  });
});

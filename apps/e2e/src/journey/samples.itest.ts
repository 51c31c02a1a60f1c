import { startModelServer, type ModelServer } from '@millrace/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from '../client.js';
import { Fleet } from '../fleet.js';

/** The workflows that `npm start` imports, with the inputs it names for them. */
const folder = new URL('../../../../samples/', import.meta.url);
const sample = (name: string) => ({
  file: readFileSync(new URL(`${name}.yml`, folder), 'utf8'),
  inputs: (JSON.parse(readFileSync(new URL(`${name}.example.json`, folder), 'utf8')) as { exampleInputs: object })
    .exampleInputs,
});

let fleet: Fleet;
let model: ModelServer;

beforeAll(async () => {
  const sorted = '{"category":"technical","urgent":true,"summary":"Nobody can log in."}';
  [fleet, model] = await Promise.all([
    Fleet.start(),
    startModelServer(({ body }) => ({ text: 'response_format' in body ? sorted : 'From May to October.' })),
  ]);
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), model.close()]);
}, 60_000);

const clientOf = async (name: string): Promise<Client> =>
  new Client(fleet.url(), (await fleet.publish(sample(name).file)).apiKey);

async function run(client: Client, inputs: object): Promise<{ status: string; outputs: Record<string, unknown> }> {
  const { status, body } = await client.blocking(inputs);
  expect({ status, body }).toMatchObject({ status: 200, body: { data: { error: null } } });
  return { status: body.data.status, outputs: body.data.outputs };
}

describe('samples', () => {
  it.each<[string, string, object]>([
    ['announce', 'succeeded', { page: expect.stringContaining('Millrace 0.1') as unknown }],
    ['text-statistics', 'succeeded', { report: expect.stringContaining('35 words in 4 sentences') as unknown }],
    // The address it looks up is nowhere: the fail branch is the point of this sample.
    ['enrich-order', 'partial-succeeded', { summary: expect.stringContaining('by hand') as unknown }],
    ['translate', 'succeeded', { translation: 'From May to October.' }],
    ['ask-document', 'succeeded', { answer: 'From May to October.', document_name: null }],
    ['sort-messages', 'succeeded', {}],
  ])('%s runs as it is', async (name, status, outputs) => {
    const result = await run(await clientOf(name), sample(name).inputs);
    expect(result).toMatchObject({ status, outputs });
    if (name === 'sort-messages') expect(JSON.stringify(result.outputs)).toContain('technical');
  });

  it('ask-document shows an uploaded file to the model', async () => {
    const client = await clientOf('ask-document');
    const form = new FormData();
    form.set('file', new Blob(['%PDF-1.4 The mill is open.'], { type: 'application/pdf' }), 'mill.pdf');
    form.set('user', client.user);
    const headers = { authorization: `Bearer ${client.apiKey}` };
    const uploaded = await fetch(`${client.url}/v1/files/upload`, { method: 'POST', headers, body: form });
    const { id } = (await uploaded.json()) as { id: string };
    const document = { type: 'document', transfer_method: 'local_file', upload_file_id: id };
    const { outputs } = await run(client, { question: 'When?', document });
    expect(outputs).toEqual({ answer: 'From May to October.', document_name: 'mill.pdf' });
    const shown = JSON.stringify(model.requests.at(-1)?.body);
    expect(shown).toContain(Buffer.from('%PDF-1.4 The mill is open.').toString('base64'));
  });

  it('are all tried here', () => {
    const names = readdirSync(folder).flatMap((file) => (file.endsWith('.yml') ? [file.slice(0, -4)] : []));
    expect(names.sort()).toEqual(
      ['announce', 'text-statistics', 'enrich-order', 'translate', 'ask-document', 'sort-messages'].sort(),
    );
  });
});

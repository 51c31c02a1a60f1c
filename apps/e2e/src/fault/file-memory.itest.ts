import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { end, http, isFullRun, llm, start, workflowFile, type ServiceProcess } from '@millrace/testing';
import { Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';

/** Large files in many nodes at once, against a server that takes everything and keeps nothing. */
let fleet: Fleet;
let sink: Server;
let url: string;
let taken = 0;

const mib = 1024 * 1024;
const fileBytes = 50 * mib;
const atOnce = isFullRun() ? 256 : 24;

beforeAll(async () => {
  sink = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (taken += chunk.length));
    request.on('end', () => {
      if (!request.url?.endsWith('/chat/completions')) {
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(5 * mib, 0xff));
        return;
      }
      const delta = { choices: [{ index: 0, delta: { content: 'seen' }, finish_reason: 'stop' }] };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${JSON.stringify(delta)}\n\ndata: [DONE]\n\n`);
    });
  }).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  fleet = await Fleet.start();
}, 120_000);
afterAll(async () => {
  sink.closeAllConnections();
  sink.close();
  await fleet.stop();
}, 60_000);

const client = async (nodes: object[]): Promise<Client> =>
  new Client(fleet.url(), (await fleet.publish(workflowFile({ name: 'files', nodes: nodes as never }))).apiKey);

const startNode = () =>
  start([{ variable: 'film', type: 'file', required: true, allowed_file_types: ['video'] }] as never);

async function upload({ apiKey, user }: Client): Promise<object> {
  const form = new FormData();
  form.set('user', user);
  form.set('file', new Blob([Buffer.alloc(fileBytes, 'film')], { type: 'video/mp4' }), 'film.mp4');
  const authorization = `Bearer ${apiKey}`;
  const response = await fetch(`${fleet.url()}/v1/files/upload`, {
    method: 'POST',
    headers: { authorization },
    body: form,
  });
  expect(response.status).toBe(201);
  const { id } = (await response.json()) as { id: string };
  return { type: 'video', transfer_method: 'local_file', upload_file_id: id };
}

/** The most memory that a process has had so far, in MiB. */
async function peak({ pid }: Pick<ServiceProcess, 'pid'>): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function runAll(one: Client, film: object, count: number): Promise<void> {
  const run = async () => (await collect(await one.stream({ film }))).at(-1)?.data;
  const ends = await Promise.all(Array.from({ length: count }, run));
  for (const each of ends) expect(each).toMatchObject({ status: 'succeeded', error: null });
}

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux(
  'files on their way to servers and from them take no memory',
  async () => {
    const file = { type: 'file', key: 'f', value: '', file: ['start', 'film'] };
    const one = await client([
      startNode(),
      http('form', `${url}/form`, { method: 'post', body: { type: 'form-data', data: [file] } }),
      end({ files: ['form', 'files'] }),
    ]);
    const film = await upload(one);
    await Promise.all([upload(one), upload(one), upload(one), upload(one)]);
    const gatewayPeak = await peak(fleet.gateways[0]!);
    taken = 0;
    await runAll(one, film, atOnce);
    expect(taken).toBeGreaterThan(atOnce * fileBytes);
    const workerPeak = await peak(fleet.workers[0]!);
    // Held whole, the files alone would be 1.2 GB.
    expect(workerPeak).toBeLessThan(600);
    expect(gatewayPeak).toBeLessThan(500);
  },
  600_000,
);

onLinux(
  'files for models wait for memory, and all are seen',
  async () => {
    await fleet.saveModel(`${url}/v1`);
    const one = await client([
      startNode(),
      llm('model', 'What is this?', { vision: { enabled: true, configs: { variable_selector: ['start', 'film'] } } }),
      end({ answer: ['model', 'text'] }),
    ]);
    const film = await upload(one);
    taken = 0;
    const count = isFullRun() ? 64 : 8;
    await runAll(one, film, count);
    expect(taken).toBeGreaterThan((count * fileBytes * 4) / 3);
    const workerPeak = await peak(fleet.workers[0]!);
    // Held all at once, they would be 2 GB.
    expect(workerPeak).toBeLessThan(1_500);
  },
  600_000,
);

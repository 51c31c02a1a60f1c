import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServiceApi } from './service-api.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The answers of a server, one after the other; notes what was asked. */
async function serve(...answers: ((res: ServerResponse) => void)[]) {
  const asked: IncomingMessage[] = [];
  server = createServer((req, res) => {
    asked.push(req);
    answers[asked.length - 1]?.(res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api = createServiceApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'app-key');
  return { api, asked };
}

const frame = (seq: number, event: string) => `id: 1-${seq}\ndata: {"event":"${event}"}\n\n`;
const stream =
  (text: string, breaks = false) =>
  (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'x-workflow-run-id': 'r' });
    res.write(`event: ping\n\n${text}`, () => (breaks ? res.destroy() : res.end()));
  };

async function namesOf(events: AsyncIterable<{ event: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { event } of events) names.push(event);
  return names;
}

describe('a run that is followed', () => {
  it('is taken up again after its last event, however its stream ended', async () => {
    const { api, asked } = await serve(
      stream(frame(0, 'workflow_started') + frame(1, 'node_started')),
      (res) => res.destroy(),
      stream(frame(2, 'node_finished'), true),
      stream(frame(3, 'workflow_finished')),
    );
    expect(await namesOf(api.run({}, 'u'))).toEqual([
      ...['workflow_started', 'node_started', 'node_finished', 'workflow_finished'],
    ]);
    expect(asked.map(({ url }) => url)).toEqual([
      '/v1/workflows/run',
      ...Array<string>(3).fill('/v1/workflow/r/events?user=u'),
    ]);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1-1', '1-1', '1-2']);
  }, 20_000);

  it('is given up when the server refuses', async () => {
    const { api } = await serve(stream(frame(0, 'workflow_started')), (res) =>
      res.writeHead(404).end('{"message":"Workflow run not found"}'),
    );
    await expect(namesOf(api.tail('r', 'u'))).rejects.toThrow('Workflow run not found');
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServiceApi } from '../api/service-api.js';
import { followRun } from './events.js';

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
  const breaks: string[] = [];
  const follow = (first?: Response, after?: string) =>
    followRun({
      runId: 'r',
      open: (from) => api.follow('r', 'u', from),
      onBreak: (reason) => breaks.push(reason),
      pauseMs: 1,
      ...(first ? { first } : {}),
      ...(after === undefined ? {} : { after }),
    });
  return { api, asked, breaks, follow };
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
    const { api, asked, breaks, follow } = await serve(
      stream(frame(0, 'workflow_started') + frame(1, 'node_started')),
      (res) => res.destroy(),
      ...Array.from({ length: 4 }, () => (res: ServerResponse) => {
        res.writeHead(503, { 'retry-after': '0' }).end('{"message":"not now"}');
      }),
      stream(frame(2, 'node_finished'), true),
      stream(frame(3, 'workflow_finished')),
    );
    const { answer } = await api.run({}, 'u');
    expect(await namesOf(follow(answer))).toEqual([
      ...['workflow_started', 'node_started', 'node_finished', 'workflow_finished'],
    ]);
    expect(asked.map(({ url }) => url)).toEqual([
      '/v1/workflows/run',
      ...Array<string>(7).fill('/v1/workflow/r/events?user=u'),
    ]);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([
      ...[undefined, '1-1', '1-1', '1-1', '1-1', '1-1', '1-1', '1-2'],
    ]);
    expect(breaks).toHaveLength(4);
    expect(breaks).toContain('not now');
  });

  it('names the id of each event, and may begin after one', async () => {
    const { asked, follow } = await serve(stream(frame(8, 'workflow_finished')));
    const events = [];
    for await (const event of follow(undefined, '1-7')) events.push(event);
    expect(events).toEqual([{ event: 'workflow_finished', event_id: '1-8' }]);
    expect(asked[0]?.headers['last-event-id']).toBe('1-7');
  });

  it('ends when nothing comes after the event named', async () => {
    const { follow } = await serve((res) => res.writeHead(204).end());
    expect(await namesOf(follow(undefined, '1-8'))).toEqual([]);
  });

  it('is given up when the server refuses', async () => {
    const { follow } = await serve(stream(frame(0, 'workflow_started')), (res) =>
      res.writeHead(404).end('{"code":"not_found","message":"Workflow run not found"}'),
    );
    await expect(namesOf(follow())).rejects.toMatchObject({ message: 'Workflow run not found', exitCode: 4 });
  });

  it('is given up when nobody answers for long, and said to go on', async () => {
    const { asked, follow } = await serve(...Array.from({ length: 20 }, () => (res: ServerResponse) => res.destroy()));
    await expect(namesOf(follow())).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('goes on') as string,
    });
    expect(asked).toHaveLength(12);
  }, 60_000);
});

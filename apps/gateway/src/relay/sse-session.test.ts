import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { openSseSession, type SseOptions, type SseSession } from './sse-session.js';

let server: Server;
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Opened {
  session: SseSession;
  res: ServerResponse;
  client: IncomingMessage;
  drained: Promise<unknown>;
  closed: Promise<unknown>;
}

async function open(options: Partial<SseOptions> = {}, headers: Record<string, string> = {}): Promise<Opened> {
  const drained = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<undefined>();
  const opened = Promise.withResolvers<{ session: SseSession; res: ServerResponse }>();
  server = createServer((_req, res) => {
    const session = openSseSession(res, {
      onDrain: () => drained.resolve(undefined),
      onClose: () => closed.resolve(undefined),
      ...options,
    });
    opened.resolve({ session, res });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', headers });
  const [client] = (await once(request, 'response')) as [IncomingMessage];
  return { ...(await opened.promise), client, drained: drained.promise, closed: closed.promise };
}

async function textOf(client: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of client) text += String(chunk);
  return text;
}

describe('SSE session', () => {
  it('sends headers that proxies respect, a ping, then events with their ids', async () => {
    const { session, client } = await open();
    session.send([
      { id: '1-1', event: '{"event":"workflow_started","data":"é"}' },
      { id: '1-2', event: '{}' },
    ]);
    session.end();
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await textOf(client)).toBe(
      'event: ping\n\nid: 1-1\ndata: {"event":"workflow_started","data":"é"}\n\nid: 1-2\ndata: {}\n\n',
    );
  });

  it.each(['close', 'keep-alive'])('leaves the connection as the client wants it: %s', async (connection) => {
    const { session, client } = await open({}, { connection });
    session.end();
    expect(client.headers.connection).toBe(connection);
  });

  it('pings after each silence', async () => {
    const { session, client } = await open({ pingMs: 5 });
    let text = '';
    for await (const chunk of client) {
      text += String(chunk);
      if (text.split('event: ping\n\n').length > 3) session.end();
    }
    expect(text.replaceAll('event: ping\n\n', '')).toBe('');
  });

  it('pings all the time when asked to, whatever is sent in between', async () => {
    const { session, client } = await open({ pingMs: 50, pingsThroughout: true });
    let text = '';
    client.on('data', (chunk: Buffer) => (text += String(chunk)));
    while (text.split('event: ping\n\n').length <= 3) {
      session.send([{ id: '', event: '{}' }]);
      await new Promise(setImmediate);
    }
    session.end();
    expect(text).toContain('data: {}\n\nevent: ping\n\ndata: {}');
  });

  it('can be silent', async () => {
    const { session, client } = await open({ pings: false });
    session.send([{ id: '', event: '{}' }]);
    session.end();
    expect(await textOf(client)).toBe('data: {}\n\n');
  });

  it('stops at a full buffer and asks for more when the client has caught up', async () => {
    const { session, client, drained } = await open({ maxPendingBytes: 100_000 });
    client.pause();
    const big = Array.from({ length: 400 }, (_, i) => ({ id: `1-${i + 1}`, event: `"${'x'.repeat(50_000)}"` }));
    const sent = session.send(big);
    expect(sent).toBeLessThan(big.length);
    expect(session.send(big)).toBe(0);
    const received = textOf(client);
    await drained;
    expect(session.send(big.slice(sent, sent + 1))).toBe(1);
    session.end();
    expect((await received).match(/^id: /gm)).toHaveLength(sent + 1);
  });

  it('disconnects a client that takes nothing', async () => {
    const big = Array.from({ length: 400 }, (_, i) => ({ id: `1-${i + 1}`, event: `"${'x'.repeat(50_000)}"` }));
    const more: { send?: () => void } = {};
    // What the kernel buffers for the client comes as drains; only then nothing moves.
    const opened = await open({ maxPendingBytes: 100_000, stalledMs: 50, onDrain: () => more.send?.() });
    more.send = () => opened.session.send(big);
    opened.client.on('error', () => undefined);
    opened.client.pause();
    more.send();
    await opened.closed;
    expect(opened.res.destroyed).toBe(true);
  });

  it('says when the client goes', async () => {
    const { client, closed } = await open();
    client.destroy();
    await closed;
  });
});

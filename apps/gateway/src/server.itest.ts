import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { end, start, template } from '@millrace/testing';
import { bearer, call, createTestApp, parseFrames } from './testing/client.js';
import { startFixture, type Fixture } from './testing/gateway-fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.close());

const hold = { nodes: [start(), template('t', 'hold'), end({ text: ['t', 'output'] })] };

describe('a gateway that is stopped', () => {
  it('refuses connections, ends streams without a terminal event, and answers blocking calls', async () => {
    const gateway = await fixture.gateway();
    const { key } = await createTestApp(gateway, hold);
    const run = (response_mode: string) =>
      call(`${gateway.url}/v1/workflows/run`, {
        body: { user: 'ann', inputs: {}, response_mode },
        headers: bearer(key),
      });
    const blocking = run('blocking');
    const streaming = run('streaming');
    await fixture.nodes.arrivals(2);

    const closed = gateway.close();
    const stream = await streaming;
    const events = parseFrames(stream.text).map(({ event }) => event);
    expect(events).toContain('workflow_started');
    expect(events).not.toContain('workflow_finished');
    await expect(fetch(`${gateway.url}/health/live`)).rejects.toThrow();

    await fixture.nodes.release();
    const answer = await blocking;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    expect(answer.body['data']).toMatchObject({ status: 'succeeded' });
    await closed;

    const other = await fixture.gateway();
    const lastId = parseFrames(stream.text).at(-1)?.id ?? '';
    const rest = await call(
      `${other.url}/v1/workflow/${stream.headers.get('x-workflow-run-id') ?? ''}/events?user=ann`,
      { headers: { ...bearer(key), 'last-event-id': lastId } },
    );
    expect(parseFrames(rest.text).at(-1)?.event).toBe('workflow_finished');
  });

  it('answers every request whose connection was made before, also when Node has not seen it yet', async () => {
    const gateway = await fixture.gateway();
    const { port } = new URL(gateway.url);
    const ask = async (): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
      return text(socket);
    };
    const answers = Array.from({ length: 50 }, ask);
    // By now the kernel has made the connections; they wait for the end of this turn.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const closed = gateway.close();
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 200 /);
    await closed;
  });

  it('answers what outlasts the grace time with 202', async () => {
    const gateway = await fixture.gateway({ graceMs: 0 });
    const { key } = await createTestApp(gateway, hold);
    const blocking = call(`${gateway.url}/v1/workflows/run`, {
      body: { user: 'ann', inputs: {} },
      headers: bearer(key),
    });
    await fixture.nodes.arrivals(1);
    const closed = gateway.close();
    expect((await blocking).status).toBe(202);
    await closed;
    await fixture.nodes.release();
  });
});

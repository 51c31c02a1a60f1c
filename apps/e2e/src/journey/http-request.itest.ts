import { end, http, start, startHttpTarget, workflowFile, type HttpTarget } from '@millrace/testing';
import { checkStream, Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';

let fleet: Fleet;
let target: HttpTarget;

beforeAll(async () => {
  [fleet, target] = await Promise.all([Fleet.start(), startHttpTarget()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

/** start → HTTP call → end. */
async function calling(more: Record<string, unknown>, secret?: string): Promise<Client> {
  const outputs = { status: ['call', 'status_code'], body: ['call', 'body'], type: ['call', 'error_type'] };
  const file = workflowFile({
    name: 'call',
    nodes: [start([]), http('call', `${target.url}/x`, more), end(outputs)],
    ...(secret !== undefined && { environmentVariables: [{ name: 'KEY', value: secret, value_type: 'secret' }] }),
  });
  return new Client(fleet.url(), (await fleet.publish(file)).apiKey);
}

const retries = (max_retries: number, retry_interval = 10) => ({
  retry_config: { retry_enabled: true, max_retries, retry_interval },
});

describe('retries of an HTTP call', () => {
  it('come after the interval, as often as allowed, and end the run with the status', async () => {
    const client = await calling(retries(2, 150));
    const before = target.requests.length;
    target.script({ status: 404 }, { status: 404 }, { status: 404 });
    const events = await collect(await client.stream({}));
    checkStream(events);
    const times = target.requests.slice(before).map(({ receivedAtMs }) => receivedAtMs);
    expect(times).toHaveLength(3);
    for (const [i, time] of times.entries()) if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(140);
    const shown = events.filter(({ event }) => event === 'node_retry').map(({ data }) => data['retry_index']);
    expect(shown).toEqual([1, 2]);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('Request failed with status code 404') as unknown,
      exceptions_count: 3,
    });
  });

  it('wait as long as a busy server asks for', async () => {
    const client = await calling(retries(1));
    const before = target.requests.length;
    target.script({ status: 503, headers: { 'retry-after': '1' } });
    const { body } = await client.blocking({});
    expect(body.data.status).toBe('partial-succeeded');
    const [first, second] = target.requests.slice(before);
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('repeat a broken connection under the same idempotency key', async () => {
    const client = await calling({ method: 'post', ...retries(1) });
    const before = target.requests.length;
    target.script({ cut: true });
    expect((await client.blocking({})).body.data.status).toBe('partial-succeeded');
    const keys = target.requests.slice(before).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe('error strategies of an HTTP call', () => {
  it('default values stand in for the outputs', async () => {
    const client = await calling({
      error_strategy: 'default-value',
      default_value: [
        { key: 'body', type: 'string', value: 'instead' },
        { key: 'status_code', type: 'number', value: '0' },
      ],
    });
    target.script({ status: 500 });
    const { body } = await client.blocking({});
    expect(body.data).toMatchObject({
      status: 'partial-succeeded',
      outputs: { status: 0, body: 'instead', type: 'HTTPResponseCodeError' },
    });
  });

  it('without one any status is a success', async () => {
    const client = await calling({});
    target.script({ status: 418, body: 'teapot' });
    const { body } = await client.blocking({});
    expect(body.data).toMatchObject({ status: 'succeeded', outputs: { status: 418, body: 'teapot' } });
  });

  it('an address inside is refused by name', async () => {
    const client = await calling({ url: 'http://169.254.169.254/latest/meta-data' });
    const { body } = await client.blocking({});
    expect(body.data).toMatchObject({ status: 'failed', error: expect.stringContaining('is not allowed') as unknown });
  });
});

describe('secrets', () => {
  it('reach the target and no event', async () => {
    const secret = 'sk-very-secret-0123456789';
    const body = { type: 'raw-text', data: [{ type: 'text', key: '', value: 'k={{#env.KEY#}}' }] };
    const client = await calling(
      { method: 'post', headers: 'X-Key: {{#env.KEY#}}', params: 'k: {{#env.KEY#}}', body },
      secret,
    );
    target.script({ body: 'thanks' });
    const events = await collect(await client.stream({}));
    const request = target.requests.at(-1);
    expect([request?.headers['x-key'], request?.path, request?.body]).toEqual([
      secret,
      `/x?k=${secret}`,
      `k=${secret}`,
    ]);
    expect(JSON.stringify(events)).not.toContain(secret);
    const finished = events.find(({ event, data }) => event === 'node_finished' && data['node_id'] === 'call');
    expect(JSON.stringify(finished?.data['process_data'])).toContain(`X-Key: sk-ver${'*'.repeat(12)}89`);
  });
});

describe('stop during an HTTP call', () => {
  it('ends the run within a second', async () => {
    const client = await calling({});
    const before = target.requests.length;
    target.script({ hang: true });
    const run = await client.stream({});
    const events = collect(run);
    await target.received(before + 1);
    const stoppedAt = Date.now();
    expect((await client.stop(run.taskId)).status).toBe(200);
    expect((await events).at(-1)?.data).toMatchObject({ status: 'stopped' });
    expect(Date.now() - stoppedAt).toBeLessThan(1000);
  });

  it('ends a run that waits for its retry', async () => {
    const client = await calling(retries(1, 60_000));
    const before = target.requests.length;
    target.script({ status: 500 });
    const run = await client.stream({});
    const events = collect(run);
    await target.received(before + 1);
    expect((await client.stop(run.taskId)).status).toBe(200);
    expect((await events).at(-1)?.data).toMatchObject({ status: 'stopped' });
    expect(target.requests.length).toBe(before + 1);
  });
});

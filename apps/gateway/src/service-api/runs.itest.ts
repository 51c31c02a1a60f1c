import { end, start, template } from '@millrace/testing';
import { bearer, call, createTestApp, parseFrames, type Answer, type Call } from '../testing/client.js';
import { startFixture, type Fixture, type TestGateway } from '../testing/gateway-fixture.js';

let fixture: Fixture;
let gateway: TestGateway;
let keys: Record<'echo' | 'hold' | 'boom' | 'provider', string>;

const flow = (text: string) => ({
  nodes: [
    start([{ variable: 'n', type: 'number' }]),
    template('t', text),
    end({ text: ['t', 'output'], n: ['start', 'n'] }),
  ],
});

beforeAll(async () => {
  fixture = await startFixture();
  gateway = await fixture.gateway();
  const texts = ['echo', 'hold', 'boom', 'provider'] as const;
  const apps = await Promise.all(
    texts.map(async (text) => [text, (await createTestApp(gateway, flow(text))).key] as const),
  );
  keys = Object.fromEntries(apps) as typeof keys;
});
afterAll(() => fixture.close());

const run = (key: string, body: object = {}, more: Call = {}): Promise<Answer> =>
  call(`${gateway.url}/v1/workflows/run`, {
    body: { user: 'ann', inputs: {}, ...body },
    headers: { ...bearer(key), ...more.headers },
  });

const get = (key: string, path: string, headers: Record<string, string> = {}, at: TestGateway = gateway) =>
  call(`${at.url}/v1/${path}`, { headers: { ...bearer(key), ...headers } });

/** Starts a stream and reads until its first event. */
async function openRun(key: string, at: TestGateway = gateway) {
  const response = await fetch(`${at.url}/v1/workflows/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify({ user: 'ann', inputs: {}, response_mode: 'streaming' }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('no body');
  const ids = {
    runId: response.headers.get('x-workflow-run-id') ?? '',
    taskId: response.headers.get('x-task-id') ?? '',
  };
  let text = '';
  const until = async (part: string): Promise<string> => {
    while (!text.includes(part)) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  };
  return { ...ids, until, end: () => until('\0'), cancel: () => reader.cancel() };
}

const names = (text: string): string[] => parseFrames(text).map(({ event }) => event);

describe('blocking', () => {
  it('answers the documented body', async () => {
    const answer = await run(keys.echo, { inputs: { n: 2 } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const { data, ...ids } = answer.body as never as {
      data: Record<string, unknown>;
      task_id: string;
      workflow_run_id: string;
    };
    expect(Object.keys(ids).sort()).toEqual(['task_id', 'workflow_run_id']);
    expect(Object.keys(data).sort()).toEqual(
      'created_at elapsed_time error finished_at id outputs status total_steps total_tokens workflow_id'.split(' '),
    );
    expect(data).toMatchObject({
      id: ids.workflow_run_id,
      status: 'succeeded',
      outputs: { text: 'echo', n: 2 },
      error: null,
    });
    expect(answer.headers.get('x-workflow-run-id')).toBe(ids.workflow_run_id);
    expect(answer.headers.get('x-task-id')).toBe(ids.task_id);
  });

  it('keeps integers and floats apart', async () => {
    const send = (n: string) =>
      run(keys.echo, {}).then(() =>
        call(`${gateway.url}/v1/workflows/run`, {
          body: `{"user":"ann","inputs":{"n":${n}}}`,
          headers: bearer(keys.echo),
        }),
      );
    expect((await send('1.0')).text).toContain('"n":1.0');
    expect((await send('12345678901234567890')).text).toContain('"n":12345678901234567890');
  });

  it('says 200 for a run that failed', async () => {
    const answer = await run(keys.boom);
    expect(answer.status).toBe(200);
    expect(answer.body['data']).toMatchObject({ status: 'failed', error: 'It broke.', outputs: {} });
  });

  it('says 400 for a provider failure, with the run beside it', async () => {
    const answer = await run(keys.provider);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: 'provider_not_initialize',
      message: 'No credentials.',
      status: 400,
      workflow_run_id: answer.headers.get('x-workflow-run-id'),
      data: { status: 'failed', error: 'No credentials.' },
    });
  });

  it('says 202 after the deadline; the run goes on', async () => {
    const hasty = await fixture.gateway({ blockingDeadlineMs: 50 });
    const answer = await call(`${hasty.url}/v1/workflows/run`, {
      body: { user: 'ann', inputs: {} },
      headers: bearer(keys.hold),
    });
    const runId = String(answer.body['workflow_run_id']);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/v1/workflows/run/${runId}`);
    expect(answer.body['data']).toMatchObject({ status: 'running', outputs: null, finished_at: null });
    const watching = get(keys.hold, `workflow/${runId}/events?user=ann&include_state_snapshot=true`);
    await fixture.nodes.release();
    expect(names((await watching).text).at(-1)).toBe('workflow_finished');
    expect((await get(keys.hold, `workflows/run/${runId}`)).body['status']).toBe('succeeded');
  });
});

describe('streaming', () => {
  it('sends a ping, all events with ids, one terminal event, and closes', async () => {
    const stream = await openRun(keys.echo);
    const frames = parseFrames(await stream.end());
    const events = frames.map(({ event }) => event);
    expect(events.filter((event) => event !== 'text_chunk')).toEqual([
      'ping',
      'workflow_started',
      ...['node_started', 'node_finished', 'node_started', 'node_finished', 'node_started', 'node_finished'],
      'workflow_finished',
    ]);
    expect(events.at(-1)).toBe('workflow_finished');
    expect(frames.slice(1).map(({ id }) => id)).toEqual(frames.slice(1).map((_, i) => `1-${i + 1}`));
    expect(frames.slice(1).every(({ data }) => String(data?.['workflow_run_id']) === stream.runId)).toBe(true);
  });

  it('sends an error event directly before the end of a provider failure', async () => {
    const frames = parseFrames(await (await openRun(keys.provider)).end());
    expect(frames.slice(-2)).toMatchObject([
      { event: 'error', data: { code: 'provider_not_initialize', status: 400, message: 'No credentials.' } },
      { event: 'workflow_finished', data: { data: { status: 'failed' } } },
    ]);
  });

  it('goes on when its client leaves', async () => {
    const stream = await openRun(keys.hold);
    await stream.until('"workflow_started"');
    await stream.cancel();
    const watching = get(keys.hold, `workflow/${stream.runId}/events?user=ann`);
    await fixture.nodes.release();
    expect(names((await watching).text).at(-1)).toBe('workflow_finished');
  });
});

describe('trace ids', () => {
  const hex = '0af7651916cd43dd8448eb211c80319c';
  const parent = '00-11111111111111111111111111111111-2222222222222222-01';
  const traced = (headers: Record<string, string>, body: object = {}, query = '') =>
    call(`${gateway.url}/v1/workflows/run${query}`, {
      body: { user: 'ann', inputs: {}, ...body },
      headers: { ...bearer(keys.echo), ...headers },
    });
  const idOf = ({ headers }: Answer) => headers.get('x-trace-id');

  it('takes header, query, body in this order', async () => {
    expect(idOf(await traced({ 'x-trace-id': 'h' }, { trace_id: 'b' }, '?trace_id=q'))).toBe('h');
    expect(idOf(await traced({}, { trace_id: 'b' }, '?trace_id=q'))).toBe('q');
    expect(idOf(await traced({}, { trace_id: 'b' }))).toBe('b');
  });

  it('ignores an invalid one and does not look further', async () => {
    const answer = await traced({ 'x-trace-id': 'not valid!' }, { trace_id: 'b' });
    expect(answer.status).toBe(200);
    expect(idOf(answer)).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is the OpenTelemetry id when it can be, and beats traceparent', async () => {
    const answer = await traced({ traceparent: parent }, { trace_id: hex });
    expect(idOf(answer)).toBe(hex);
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${hex}-[0-9a-f]{16}-0[01]$`));
  });

  it('continues a traceparent', async () => {
    const answer = await traced({ traceparent: parent });
    expect(idOf(answer)).toBe('1'.repeat(32));
    expect(answer.headers.get('traceparent')).toContain('1'.repeat(32));
  });

  it('stands in every event', async () => {
    const answer = await traced({}, { trace_id: 'my-trace', response_mode: 'streaming' });
    const events = parseFrames(answer.text).filter(({ event }) => event !== 'ping');
    expect(new Set(events.map(({ data }) => String(data?.['trace_id'])))).toEqual(new Set(['my-trace']));
  });
});

describe('events', () => {
  const path = (runId: string, query = '') => `workflow/${runId}/events?user=ann${query}`;

  it('of an ended run: a single frame without a ping, or the rest after an id, or 204', async () => {
    const { body } = await run(keys.echo, { inputs: { n: 1 } });
    const runId = String(body['workflow_run_id']);
    const single = parseFrames((await get(keys.echo, path(runId))).text);
    expect(single).toMatchObject([
      { event: 'workflow_finished', data: { task_id: runId, data: { outputs: { n: 1 } } } },
    ]);
    expect(parseFrames((await get(keys.echo, path(runId, '&include_state_snapshot=true'))).text)).toEqual(single);
    const all = parseFrames((await get(keys.echo, path(runId), { 'last-event-id': 'nonsense' })).text);
    expect(all[1]?.event).toBe('workflow_started');
    const rest = parseFrames((await get(keys.echo, path(runId), { 'last-event-id': '1-4' })).text);
    expect(rest.slice(1)).toEqual(all.slice(5));
    expect((await get(keys.echo, path(runId), { 'last-event-id': all.at(-1)?.id ?? '' })).status).toBe(204);
    expect((await get(keys.echo, path(runId), { 'last-event-id': single[0]?.id ?? '' })).status).toBe(204);
  });

  it('of an ended run whose stream is gone, from the archive or from the row', async () => {
    const { body } = await run(keys.echo);
    const runId = String(body['workflow_run_id']);
    const all = parseFrames((await get(keys.echo, path(runId), { 'last-event-id': '0-0' })).text);
    expect(all[1]?.id).toBe('1-1');
    await gateway.redis.flushdb();
    const synthetic = parseFrames((await get(keys.echo, path(runId), { 'last-event-id': '1-4' })).text);
    expect(synthetic).toMatchObject([{ event: 'ping' }, { event: 'workflow_finished', id: '2-1' }]);
    expect((await get(keys.echo, path(runId), { 'last-event-id': '2-1' })).status).toBe(204);
    const run_ = await gateway.store.runs.get(...(await keyOf(runId)));
    await gateway.store.archives.save([
      {
        ...{ runId, tenantId: run_?.context.tenantId ?? '', createdAtMs: run_?.context.createdAtMs ?? 0, epoch: 1 },
        events: all.slice(1).map(({ id = '', data }) => ({ id, event: JSON.stringify(data) })),
      },
    ]);
    expect(parseFrames((await get(keys.echo, path(runId), { 'last-event-id': '1-4' })).text)).toEqual([
      { event: 'ping' },
      ...all.slice(5),
    ]);
  });

  it('resume on another gateway without loss or repetition', async () => {
    const stream = await openRun(keys.hold);
    const seen = parseFrames(await stream.until('"node_finished"'));
    await stream.cancel();
    const other = await fixture.gateway();
    const lastId = seen.filter(({ id }) => id).at(-1)?.id ?? '';
    const resumed = get(keys.hold, path(stream.runId), { 'last-event-id': lastId }, other);
    await fixture.nodes.release();
    const rest = parseFrames((await resumed).text);
    const ids = [...seen, ...rest].flatMap(({ id }) => id ?? []);
    expect(ids).toEqual(ids.map((_, i) => `1-${i + 1}`));
    expect(rest.at(-1)?.event).toBe('workflow_finished');
  });

  it('are not followed for a HEAD', async () => {
    const stream = await openRun(keys.hold);
    const url = `${gateway.url}/v1/${path(stream.runId)}`;
    const head = await call(url, { method: 'HEAD', headers: bearer(keys.hold) });
    expect([head.status, head.headers.get('x-workflow-run-id')]).toEqual([200, stream.runId]);
    await fixture.nodes.release();
    await stream.end();
  });

  it('belong to their user, app and run', async () => {
    const { body } = await run(keys.echo);
    const runId = String(body['workflow_run_id']);
    const notFound = { code: 'not_found', message: 'Workflow run not found', status: 404 };
    expect((await get(keys.echo, `workflow/${runId}/events?user=bob`)).body).toEqual(notFound);
    expect((await get(keys.boom, path(runId))).body).toEqual(notFound);
    expect((await get(keys.echo, path('abc'))).body).toEqual(notFound);
    expect((await get(keys.echo, `workflow/${runId}/events`)).body).toMatchObject({
      code: 'invalid_param',
      message: 'Arg user must be provided.',
    });
  });
});

describe('stop', () => {
  const stop = (key: string, taskId: string, user: string) =>
    call(`${gateway.url}/v1/workflows/tasks/${taskId}/stop`, { body: { user }, headers: bearer(key) });

  it('ends the run at once, live and stored', async () => {
    const stream = await openRun(keys.hold);
    await stream.until('"node_id":"t"');
    expect((await stop(keys.hold, stream.taskId, 'bob')).status).toBe(404);
    expect((await stop(keys.hold, stream.taskId, 'ann')).body).toEqual({ result: 'success' });
    const frames = parseFrames(await stream.end());
    expect(frames.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { data: { status: 'stopped', error: 'Stopped by user.' } },
    });
    const inputs = { held: true };
    expect(frames.at(-3)).toMatchObject({ event: 'node_started', data: { data: { inputs } } });
    expect(frames.at(-2)).toMatchObject({ event: 'node_finished', data: { data: { status: 'stopped', inputs } } });
    const stored = await get(keys.hold, `workflows/run/${stream.runId}`);
    expect(stored.body).toMatchObject({ status: 'stopped', error: 'Stopped by user.' });
    expect((await stop(keys.hold, stream.taskId, 'ann')).body).toEqual({ result: 'success' });
  });

  it('needs a user and takes any task', async () => {
    expect((await stop(keys.hold, 'whatever', '')).body).toMatchObject({ code: 'invalid_param' });
    expect((await stop(keys.hold, 'whatever', 'ann')).body).toEqual({ result: 'success' });
  });
});

describe('history', () => {
  it('detail', async () => {
    const { body } = await run(keys.echo, { inputs: { n: 7 } });
    const runId = String(body['workflow_run_id']);
    const detail = (await get(keys.echo, `workflows/run/${runId}`)).body;
    expect(typeof detail['inputs']).toBe('string');
    expect(JSON.parse(String(detail['inputs']))).toMatchObject({
      n: 7,
      'sys.user_id': 'ann',
      'sys.workflow_run_id': runId,
    });
    expect(detail).toMatchObject({ id: runId, status: 'succeeded', outputs: { text: 'echo', n: 7 }, total_steps: 3 });
    for (const id of ['abc', '00000000-0000-7000-8000-000000000000']) {
      expect((await get(keys.echo, `workflows/run/${id}`)).body).toEqual({
        code: 'not_found',
        message: 'Workflow run not found.',
        status: 404,
      });
    }
    expect((await get(keys.boom, `workflows/run/${runId}`)).status).toBe(404);
  });

  it('logs: newest first, filtered, paged', async () => {
    const key = (await createTestApp(gateway, flow('logged'))).key;
    const runs: string[] = [];
    for (const n of [1, 2, 3])
      runs.push(String((await run(key, { inputs: { n }, user: `u${n}` })).body['workflow_run_id']));
    const { body } = await get(key, 'workflows/logs?limit=2');
    expect(body).toMatchObject({ page: 1, limit: 2, total: 3, has_more: true });
    const items = body['data'] as unknown as {
      id: string;
      details: null;
      workflow_run: { id: string; version: string };
    }[];
    expect(items.map(({ workflow_run }) => workflow_run.id)).toEqual([runs[2], runs[1]]);
    expect(items[0]).toMatchObject({
      details: null,
      created_from: 'service-api',
      created_by_role: 'end_user',
      created_by_end_user: { session_id: 'u3', is_anonymous: false },
      workflow_run: { status: 'succeeded', triggered_from: 'app-run' },
    });
    expect((await get(key, 'workflows/logs?created_by_end_user_session_id=u2')).body['total']).toBe(1);
    expect((await get(key, 'workflows/logs?status=failed')).body['total']).toBe(0);
    expect((await get(key, `workflows/logs?keyword=${runs[0]}`)).body['total']).toBe(1);
  });

  it.each([
    'page=0',
    'limit=101',
    'limit=x',
    'status=running',
    'status=',
    'created_at__before=yesterday',
    'created_by_account=a@b.c',
  ])('logs refuse %s', async (query) => {
    const answer = await get(keys.echo, `workflows/logs?${query}`);
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_param']);
  });
});

/** Tenant, app and run id of a run, as the store wants them. */
async function keyOf(runId: string): Promise<[tenantId: string, appId: string, runId: string]> {
  const detail = (await get(keys.echo, `workflows/run/${runId}`)).body;
  const inputs = JSON.parse(String(detail['inputs'])) as Record<string, string>;
  const access = await gateway.store.appKeys.resolve(keys.echo);
  return [access?.tenantId ?? '', inputs['sys.app_id'] ?? '', runId];
}

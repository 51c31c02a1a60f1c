import { end, start, template } from '@millrace/testing';
import { bearer, call, consoleCall, createTestApp, type Body, type Call } from '../testing/client.js';
import { startFixture, type Fixture, type TestGateway } from '../testing/gateway-fixture.js';

let fixture: Fixture;
let gateway: TestGateway;
beforeAll(async () => {
  fixture = await startFixture();
  gateway = await fixture.gateway();
});
afterAll(() => fixture.close());

const flow = (text: string) => ({
  name: text,
  nodes: [start([{ variable: 'n', type: 'number' }]), template('t', text), end({ text: ['t', 'output'] })],
});
const admin = (path: string, options?: Call) => consoleCall(gateway, path, options);
const run = (key: string, body: object = {}) =>
  call(`${gateway.url}/v1/workflows/run`, { body: { user: 'ann', inputs: { n: 2 }, ...body }, headers: bearer(key) });
const rows = (body: Body) => body['data'] as unknown as Record<string, unknown>[];

describe('workflow-runs', () => {
  it('lists the runs of an app and of a tenant, newest first, in pages', async () => {
    const one = await createTestApp(gateway, flow('one'));
    const two = await createTestApp(gateway, flow('boom'));
    const ids: string[] = [];
    for (const key of [one.key, two.key, one.key]) ids.unshift(String((await run(key)).body['workflow_run_id']));
    const ofApp = (await admin(`apps/${one.appId}/workflow-runs`)).body;
    expect(ofApp).toMatchObject({ limit: 20, has_more: false });
    expect(rows(ofApp).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(rows(ofApp)[0]).toMatchObject({
      status: 'succeeded',
      total_steps: 3,
      created_by_end_user: { session_id: 'ann' },
      app_id: one.appId,
      app_name: 'one',
    });
    const first = (await admin('workflow-runs?limit=2')).body;
    expect([first['has_more'], rows(first).map(({ id }) => id)]).toEqual([true, ids.slice(0, 2)]);
    const rest = (await admin(`workflow-runs?limit=2&last_id=${ids[1] ?? ''}`)).body;
    expect(rows(rest)[0]).toMatchObject({ id: ids[2] });
    expect(rows((await admin('workflow-runs?status=failed')).body)).toMatchObject([{ id: ids[1], error: 'It broke.' }]);
    expect(rows((await admin(`workflow-runs?app_id=${two.appId}`)).body)).toHaveLength(1);
    expect(rows((await admin('workflow-runs?created_by_end_user_session_id=bob')).body)).toEqual([]);
    expect(rows((await admin('workflow-runs?created_at__before=2020-01-01')).body)).toEqual([]);
  });

  it.each(['status=odd', 'last_id=x', 'limit=0', 'status=failed&status=stopped', 'created_at__after=soon'])(
    'refuses %s',
    async (query) => {
      expect((await admin(`workflow-runs?${query}`)).body).toMatchObject({ code: 'invalid_param', status: 400 });
    },
  );

  it('finds a run by its trace ids', async () => {
    const { key } = await createTestApp(gateway, flow('traced'));
    const given = '0123ABCD-0123-4123-8123-0123456789ab';
    const { body } = await run(key, { trace_id: given });
    const named = (await run(key, { trace_id: 'order-7' })).body['workflow_run_id'];
    const of = async (traceId: string) => rows((await admin(`workflow-runs?trace_id=${traceId}`)).body);
    for (const id of [given, '0123abcd0123412381230123456789ab']) {
      expect(await of(id)).toMatchObject([{ id: body['workflow_run_id'], trace_id: given }]);
    }
    const [row] = await of('order-7');
    expect(row).toMatchObject({ id: named, trace_id: 'order-7' });
    expect(await of(String(row?.['otel_trace_id']))).toMatchObject([{ id: named }]);
    expect(await of('order-8')).toEqual([]);
  });

  it('tells a run by its id, with its nodes', async () => {
    const { appId, key } = await createTestApp(gateway, flow('told'));
    const id = String((await run(key)).body['workflow_run_id']);
    const detail = (await admin(`workflow-runs/${id}`)).body;
    expect(detail).toMatchObject({
      ...{ id, app_id: appId, status: 'succeeded', total_steps: 3, outputs: { text: 'told' } },
      inputs: { n: 2, 'sys.user_id': 'ann' },
    });
    expect(detail).not.toHaveProperty('graph');
    const withGraph = (await admin(`apps/${appId}/workflow-runs/${id}`)).body;
    expect(withGraph['graph']?.['nodes']).toHaveLength(3);
    const nodes = rows((await admin(`apps/${appId}/workflow-runs/${id}/node-executions`)).body);
    expect(nodes.map(({ node_id, status, index }) => [node_id, status, index])).toEqual([
      ['start', 'succeeded', 1],
      ['t', 'succeeded', 2],
      ['end', 'succeeded', 3],
    ]);
    expect(nodes[1]).toMatchObject({ outputs: { output: 'told' }, started_at_ms: expect.any(Number) as number });
  });

  it('tells of a run under way, and stops it whoever started it', async () => {
    const { appId, key } = await createTestApp(gateway, flow('hold'));
    const blocking = run(key);
    await fixture.nodes.arrivals(1);
    const [listed] = rows((await admin(`workflow-runs?app_id=${appId}&status=running`)).body);
    const at = `apps/${appId}/workflow-runs`;
    const lastNode = async () => rows((await admin(`${at}/${String(listed?.['id'])}/node-executions`)).body).at(-1);
    // A node is told of when it has run for a moment.
    let node = await lastNode();
    while (node?.['node_id'] !== 't') node = await lastNode();
    expect(node).toMatchObject({ node_id: 't', status: 'running', outputs: null });
    expect((await admin(`${at}/tasks/${String(listed?.['task_id'])}/stop`, { method: 'POST' })).body).toEqual({
      result: 'success',
    });
    expect((await blocking).body['data']).toMatchObject({ status: 'stopped' });
    expect(await lastNode()).toMatchObject({ node_id: 't', status: 'stopped' });
    const unknown = await admin(`${at}/tasks/x/stop`, { method: 'POST' });
    expect([unknown.status, unknown.body]).toEqual([200, { result: 'success' }]);
  });

  it('shows nothing to another tenant or under another app', async () => {
    const { appId, key } = await createTestApp(gateway, flow('mine'));
    const { appId: otherApp } = await createTestApp(gateway, flow('other'));
    const { body } = await run(key, { trace_id: 'mine-1' });
    const id = String(body['workflow_run_id']);
    const tenant = (await admin('tenants', { body: { name: 'Other' } })).body as never as { consoleKey: string };
    const stranger = (path: string, method = 'GET') =>
      call(`${gateway.url}/console/api/${path}`, { headers: bearer(tenant.consoleKey), method });
    for (const path of [`workflow-runs/${id}`, `apps/${appId}/workflow-runs/${id}`, `apps/${appId}/workflow-runs`]) {
      expect((await stranger(path)).body).toMatchObject({ code: 'not_found', status: 404 });
    }
    expect((await stranger(`apps/${appId}/workflow-runs/tasks/${String(body['task_id'])}/stop`, 'POST')).status).toBe(
      404,
    );
    for (const query of ['', `?app_id=${appId}`, '?trace_id=mine-1']) {
      expect(rows((await stranger(`workflow-runs${query}`)).body)).toEqual([]);
    }
    expect((await admin(`apps/${otherApp}/workflow-runs/${id}`)).status).toBe(404);
    expect((await admin(`apps/${otherApp}/workflow-runs/${id}/node-executions`)).status).toBe(404);
    expect((await admin('workflow-runs/x')).status).toBe(404);
  });
});

describe('model providers', () => {
  it('are listed without their credentials', async () => {
    await admin('workspaces/current/model-providers/openai/credentials', {
      body: { credentials: { api_key: 'sk-hush' } },
    });
    const listed = await admin('workspaces/current/model-providers');
    expect(rows(listed.body)).toEqual([{ provider: 'openai', custom_configuration: { status: 'active' } }]);
    expect(listed.text).not.toContain('hush');
  });
});

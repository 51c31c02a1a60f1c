import { newId } from '@millrace/contracts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { end, llm, start, template, workflowFile, type EdgeDraft } from '@millrace/testing';
import { parse } from 'yaml';
import { bearer, call, consoleCall, createTestApp, parseFrames, type Call } from '../testing/client.js';
import { startFixture, type Fixture, type TestGateway } from '../testing/gateway-fixture.js';

let fixture: Fixture;
let gateway: TestGateway;
beforeAll(async () => {
  fixture = await startFixture();
  gateway = await fixture.gateway();
});
afterAll(() => fixture.close());

const draft = {
  name: 'Echo',
  nodes: [start([{ variable: 'n', type: 'number' }]), template('t', 'hi'), end({ n: ['start', 'n'] })],
  environmentVariables: [{ name: 'TOKEN', value: 'hush', value_type: 'secret' }],
};
const file = workflowFile(draft);
const admin = (path: string, options?: Call) => consoleCall(gateway, path, options);
const importFile = (yaml: string, more: object = {}) =>
  admin('apps/imports', { body: { mode: 'yaml-content', yaml_content: yaml, ...more } });

describe('keys of the console', () => {
  it('refuses wrong keys and lets a tenant see its own only', async () => {
    expect((await call(`${gateway.url}/console/api/apps`)).status).toBe(401);
    expect((await call(`${gateway.url}/console/api/apps`, { headers: bearer('wrong') })).status).toBe(401);
    const created = await admin('tenants', { body: { name: 'Acme', limits: { maxConcurrentRuns: 3 } } });
    expect(created.status).toBe(201);
    const { id, consoleKey, limits } = created.body as never as { id: string; consoleKey: string; limits: object };
    expect(limits).toEqual({ maxConcurrentRuns: 3 });
    const asTenant = (path: string, options: Call = {}) =>
      call(`${gateway.url}/console/api/${path}`, {
        ...options,
        headers: { ...bearer(consoleKey), ...options.headers },
      });
    const own = await asTenant('apps', { body: { name: 'Mine', mode: 'workflow' } });
    expect(own.status).toBe(201);
    const { appId } = await createTestApp(gateway, draft);
    expect((await asTenant(`apps/${appId}`)).body).toMatchObject({ code: 'not_found' });
    expect((await asTenant('apps')).body).toMatchObject({ total: 1, data: [{ name: 'Mine' }] });
    expect((await asTenant('tenants')).status).toBe(403);
    expect((await admin('apps', { headers: { 'x-workspace-id': id } })).body).toMatchObject({ total: 1 });
    expect((await asTenant('apps', { headers: { 'x-tenant-id': appId } })).status).toBe(403);
    expect((await admin('apps', { headers: { 'x-tenant-id': appId } })).status).toBe(404);
    expect((await admin('apps', { headers: { 'x-tenant-id': 'x' } })).body).toMatchObject({ code: 'invalid_param' });
    const listed = (await admin('tenants')).body['data'] as unknown as { id: string }[];
    expect(listed.map((tenant) => tenant.id)).toContain(id);
    const changed = await admin(`tenants/${id}`, {
      method: 'PATCH',
      body: { limits: { weight: 2 }, status: 'suspended' },
    });
    expect(changed.body).toMatchObject({ limits: { weight: 2 }, status: 'suspended' });
    expect((await asTenant('apps')).status).toBe(403);
  });

  it('refuses limits that make no sense', async () => {
    const answer = await admin('tenants', { body: { name: 'A', limits: { runs: 1 } } });
    expect(answer.body).toMatchObject({ code: 'invalid_param', status: 400 });
    expect((await admin('tenants', { body: {} })).body).toMatchObject({ message: 'name is required.' });
  });
});

describe('import', () => {
  it('creates an app with a draft, an update keeps its id', async () => {
    const first = await importFile(file, { name: 'Other' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ status: 'completed-with-warnings', app_mode: 'workflow', error: '' });
    expect(first.body).toMatchObject({ imported_dsl_version: '0.3.0', current_dsl_version: '0.6.0' });
    const appId = String(first.body['app_id']);
    expect((await admin(`apps/${appId}`)).body).toMatchObject({ name: 'Other', enable_api: true });
    const second = await importFile(file, { app_id: appId });
    expect(second.body['app_id']).toBe(appId);
    expect((await admin(`apps/${appId}`)).body).toMatchObject({ name: 'Echo' });
  });

  it.each([
    ['no content', { mode: 'yaml-content' }, 'yaml_content is required when import_mode is yaml-content'],
    ['no address', { mode: 'yaml-url' }, 'yaml_url is required when import_mode is yaml-url'],
    ['a list', { mode: 'yaml-content', yaml_content: '- a' }, 'Invalid YAML format: content must be a mapping'],
    ['no app', { mode: 'yaml-content', yaml_content: 'kind: app' }, 'Missing app data in YAML content'],
    ['an unknown app', { mode: 'yaml-content', yaml_content: file, app_id: 'x' }, 'App not found'],
  ])('fails with %s', async (_, body, error) => {
    const answer = await admin('apps/imports', { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ status: 'failed', app_id: null, error });
  });

  it('takes a file by its address, and refuses unknown modes', async () => {
    const server = createServer((_req, res) => res.end(file)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const yaml_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = await admin('apps/imports', { body: { mode: 'yaml-url', yaml_url } });
    server.close();
    expect([answer.status, String(answer.body['app_mode'])]).toEqual([200, 'workflow']);
    expect((await admin('apps/imports', { body: { mode: 'x' } })).body).toEqual({
      code: 'invalid_param',
      message: 'Invalid import_mode: x',
      status: 400,
    });
  });

  it('holds a newer file until it is confirmed, once', async () => {
    const pending = await importFile(file.replace('version: 0.3.0', 'version: 9.0.0'));
    expect([pending.status, String(pending.body['status'])]).toEqual([202, 'pending']);
    const path = `apps/imports/${String(pending.body['id'])}/confirm`;
    const confirmed = await admin(path, { method: 'POST' });
    expect(confirmed.body).toMatchObject({
      id: pending.body['id'],
      status: 'completed',
      app_id: expect.any(String) as string,
    });
    expect((await admin(path, { method: 'POST' })).body).toMatchObject({
      status: 'failed',
      error: 'Import information expired or does not exist',
    });
  });

  it('names node types that are not implemented', async () => {
    const odd = { id: 'k', data: { type: 'knowledge-retrieval', title: 'K' } };
    const answer = await importFile(workflowFile({ nodes: [start(), odd, end({})] }));
    expect(JSON.stringify(answer.body['warnings'])).toContain('knowledge-retrieval');
    const appId = String(answer.body['app_id']);
    expect((await admin(`apps/imports/${appId}/check-dependencies`)).body).toEqual({ leaked_dependencies: [] });
    expect((await admin(`apps/imports/${newId()}/check-dependencies`)).body).toMatchObject({ code: 'not_found' });
  });

  it('names model providers without credentials, whatever the status', async () => {
    const ask = (id: string, provider: string) => llm(id, 'hi', { model: { provider, name: 'm', mode: 'chat' } });
    const nodes = [
      start(),
      ask('a', 'mistralai'),
      ask('b', 'langgenius/cohere/cohere'),
      ask('c', 'mistralai'),
      end({}),
    ];
    const warnings = async () => (await importFile(workflowFile({ nodes }))).body['warnings'];
    const lack = (name: string, ids: string) =>
      `Model provider '${name}' has no credentials yet; a run fails when it reaches ${ids}`;
    expect(await warnings()).toEqual([lack('mistralai', 'a, c'), lack('langgenius/cohere/cohere', 'b')]);
    const body = { credentials: { api_key: 'k' } };
    await admin('workspaces/current/model-providers/cohere/credentials', { body });
    expect(await warnings()).toEqual([lack('mistralai', 'a, c')]);
  });

  it('comes back from an export as it was', async () => {
    const floats = { ...draft, environmentVariables: [{ name: 'X', value: 1.5, value_type: 'number' }] };
    const { appId } = await createTestApp(gateway, floats);
    const exported = await admin(`apps/${appId}/export`);
    const copy = String((await importFile(String(exported.body['data']))).body['app_id']);
    const graphOf = async (id: string) => (await admin(`apps/${id}/workflows/draft`)).body['graph'];
    expect(await graphOf(copy)).toEqual(await graphOf(appId));
  });

  it('comes back with what nobody here knows, and without what belongs to this installation', async () => {
    const tool = { id: 'k', data: { type: 'tool', title: 'K', credential_id: 'mine', extra: { a: [1] } } };
    const text = workflowFile({ nodes: [start(), tool, end({})] })
      .replace('dependencies: []', 'dependencies: [{ type: marketplace }]')
      .replace('use_icon_as_answer_icon: false', 'use_icon_as_answer_icon: true');
    const { app_id } = (await importFile(text)).body;
    await admin(`apps/${String(app_id)}/workflows/publish`, { body: {} });
    const exported = parse(String((await admin(`apps/${String(app_id)}/export`)).body['data'])) as Record<
      string,
      unknown
    >;
    expect(exported).toMatchObject({
      kind: 'app',
      dependencies: [{ type: 'marketplace' }],
      app: { mode: 'workflow', use_icon_as_answer_icon: true },
    });
    expect(JSON.stringify(exported)).toContain('"extra":{"a":[1]}');
    expect(JSON.stringify(exported)).not.toMatch(/\$file|credential_id/);
  });
});

describe('draft and versions', () => {
  it('publishes what is drafted, and lists it', async () => {
    const { appId } = await createTestApp(gateway, draft, { publish: false });
    const at = `apps/${appId}/workflows`;
    expect((await admin(`${at}/publish`)).text).toBe('null');
    expect((await admin(at)).body).toMatchObject({ items: [], page: 1, limit: 10, has_more: false });
    const published = await admin(`${at}/publish`, { body: { marked_name: 'first' } });
    expect(published.body).toMatchObject({ result: 'success', created_at: expect.any(Number) as number });
    const { items } = (await admin(at)).body as never as { items: { version: string; marked_name: string }[] };
    expect(items.map(({ version }) => version === 'draft')).toEqual([true, false]);
    const named = (await admin(`${at}?named_only=true`)).body as never as { items: unknown[] };
    expect(named.items).toHaveLength(1);
    const current = (await admin(`${at}/publish`)).body;
    expect(current).toMatchObject({ marked_name: 'first', tool_published: false });
    expect((await admin(`${at}/publish`, { body: { marked_name: 'x'.repeat(21) } })).body['code']).toBe(
      'invalid_param',
    );
  });

  it('publishes no workflow with both a form and a trigger', async () => {
    const trigger = { id: 'w', data: { type: 'trigger-webhook', title: 'W' } };
    const mixed = { nodes: [start(), trigger, end({})], edges: [['start', 'end']] satisfies EdgeDraft[] };
    const { appId } = await createTestApp(gateway, mixed, { publish: false });
    expect((await admin(`apps/${appId}/workflows/publish`, { body: {} })).body).toEqual({
      ...{ code: 'invalid_param', status: 400 },
      message: 'Start node and trigger nodes cannot coexist in the same workflow',
    });
  });

  it('masks secrets, and keeps them when the mask comes back; the hash guards the draft', async () => {
    const { appId } = await createTestApp(gateway, draft);
    const at = `apps/${appId}/workflows/draft`;
    const { body } = await admin(at);
    expect(JSON.stringify(body['environment_variables'])).not.toContain('hush');
    const { graph, features, hash, environment_variables } = body;
    const save = (value: unknown) => admin(at, { body: { graph, features, environment_variables, hash: value } });
    expect((await save('other')).body).toMatchObject({ code: 'draft_workflow_not_sync', status: 409 });
    expect((await save(hash)).body).toMatchObject({ result: 'success', hash });
    const exported = await admin(`apps/${appId}/export?include_secret=true`);
    expect(String(exported.body['data'])).toContain('hush');
    expect((await admin(`apps/${appId}/export`)).text).not.toContain('hush');
  });

  it('marks, restores and deletes versions, but not the draft or what runs', async () => {
    const { appId } = await createTestApp(gateway, draft);
    const at = `apps/${appId}/workflows`;
    const idOf = async (path: string) => String((await admin(path)).body['id']);
    const first = await idOf(`${at}/publish`);
    const draftId = await idOf(`${at}/draft`);
    await importFile(workflowFile({ ...draft, nodes: [start(), end({ two: ['start', 'n'] })] }), { app_id: appId });
    await admin(`${at}/publish`, { body: {} });
    const second = await idOf(`${at}/publish`);
    const patch = (id: string, body: unknown) => admin(`${at}/${id}`, { method: 'PATCH', body });
    expect((await patch(first, { marked_name: 'one' })).body).toMatchObject({ id: first, marked_name: 'one' });
    expect((await patch(first, { marked_comment: 'c' })).body).toMatchObject({
      marked_name: 'one',
      marked_comment: 'c',
    });
    expect((await patch(first, {})).body).toMatchObject({ code: 'invalid_param' });
    expect((await patch(first, { marked_name: 'x'.repeat(21) })).body).toMatchObject({ code: 'invalid_param' });
    expect((await patch(appId, { marked_name: 'x' })).body).toMatchObject({ code: 'not_found' });

    const restore = (id: string) => admin(`${at}/${id}/restore`, { method: 'POST' });
    const before = (await admin(`${at}/draft`)).body['hash'];
    const restored = await restore(first);
    expect(restored.body).toMatchObject({ result: 'success', updated_at: expect.any(Number) as number });
    const now = (await admin(`${at}/draft`)).body;
    expect([now['hash'], now['id']]).toEqual([restored.body['hash'], draftId]);
    expect(now['hash']).not.toBe(before);
    expect((await admin(`apps/${appId}/export?include_secret=true`)).text).toContain('hush');
    expect((await restore(draftId)).body).toMatchObject({ code: 'bad_request' });
    expect((await restore('nonsense')).body).toMatchObject({ code: 'not_found' });

    const remove = (id: string) => admin(`${at}/${id}`, { method: 'DELETE' });
    expect((await remove(second)).body).toMatchObject({ code: 'bad_request', status: 400 });
    expect((await remove(draftId)).body).toMatchObject({ code: 'bad_request', status: 400 });
    expect([(await remove(first)).status, (await remove(first)).status]).toEqual([204, 404]);
    const { items } = (await admin(at)).body as never as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual([draftId, second]);
  });

  it('runs the draft as a stream, apart from what is published and from the log', async () => {
    const { appId, key } = await createTestApp(gateway, draft, { publish: false });
    const at = `apps/${appId}/workflows`;
    const test = (body: unknown) => admin(`${at}/draft/run`, { body });
    const answer = await test({ inputs: { n: 1, more: 2 }, files: null });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const frames = parseFrames(answer.text);
    expect(frames.map(({ event }) => event)).toContain('node_finished');
    const { data } = frames.at(-1)?.data as never as { data: { id: string; workflow_id: string } };
    expect(data).toMatchObject({ status: 'succeeded', outputs: { n: 1 } });

    // A key sees the run, but the log does not list it; its version is none that can be run.
    await admin(`${at}/publish`, { body: {} });
    const asApp = (path: string, options: Call = {}) =>
      call(`${gateway.url}/v1/${path}`, { ...options, headers: bearer(key) });
    expect((await asApp(`workflows/run/${data.id}`)).body).toMatchObject({ status: 'succeeded' });
    expect((await asApp('workflows/logs')).body).toMatchObject({ total: 0 });
    const byId = await asApp(`workflows/${data.workflow_id}/run`, { body: { inputs: {}, user: 'u' } });
    expect(byId.body).toMatchObject({ code: 'bad_request' });

    expect((await test({ inputs: { n: 'x' } })).body).toMatchObject({
      code: 'invalid_param',
      message: 'n in input form must be a valid number',
    });
    expect((await test({})).body).toMatchObject({ code: 'invalid_param' });
    const empty = await admin('apps', { body: { name: 'Empty', mode: 'workflow' } });
    const missing = await admin(`apps/${String(empty.body['id'])}/workflows/draft/run`, { body: { inputs: {} } });
    expect(missing.body).toMatchObject({ code: 'draft_workflow_not_exist' });
  });

  it('says when there is no draft', async () => {
    const app = await admin('apps', { body: { name: 'Empty', mode: 'workflow' } });
    const at = `apps/${String(app.body['id'])}/workflows`;
    expect((await admin(`${at}/draft`)).body).toMatchObject({ code: 'draft_workflow_not_exist', status: 404 });
    expect((await admin(`${at}/publish`, { body: {} })).body).toMatchObject({
      code: 'invalid_param',
      message: 'No valid workflow found.',
    });
  });
});

describe('app keys and credentials', () => {
  it('gives ten keys and no more', async () => {
    const { appId } = await createTestApp(gateway, draft);
    for (let i = 1; i < 10; i += 1) {
      expect((await admin(`apps/${appId}/api-keys`, { method: 'POST' })).status).toBe(201);
    }
    const eleventh = await admin(`apps/${appId}/api-keys`, { method: 'POST' });
    expect([eleventh.status, eleventh.body]).toEqual([
      400,
      { message: 'Cannot create more than 10 API keys for this resource type.', custom: 'max_keys_exceeded' },
    ]);
    const { data } = (await admin(`apps/${appId}/api-keys`)).body as never as { data: Record<string, unknown>[] };
    expect(data).toHaveLength(10);
    expect(data[0]).toMatchObject({ type: 'app', token: expect.stringMatching(/^app-[A-Za-z0-9]{24}$/) as string });
  });

  it('saves credentials under the short name of the provider', async () => {
    const save = (provider: string, credentials: unknown) =>
      admin(`workspaces/current/model-providers/${provider}/credentials`, { body: { credentials } });
    expect((await save('openai', { api_key: 'one' })).status).toBe(201);
    expect((await save(encodeURIComponent('langgenius/openai/openai'), { openai_api_key: 'two' })).status).toBe(201);
    const { store } = gateway;
    const { defaultTenantId } = await import('@millrace/store');
    expect(await store.credentials.credentials(defaultTenantId, 'openai')).toEqual({ openai_api_key: 'two' });
    expect((await save('langgenius/openai/openai', { api_key: 'three' })).status).toBe(201);
    expect((await save('openai', { api_key: 1 })).body).toMatchObject({
      message: 'credentials.api_key must be a string.',
    });
    expect((await save('openai', {})).status).toBe(400);
    for (const name of ['%20', 'a%00b', 'a/b', 'x'.repeat(101)]) {
      expect((await save(name, { api_key: 'x' })).body).toMatchObject({ code: 'invalid_param' });
    }
  });
});

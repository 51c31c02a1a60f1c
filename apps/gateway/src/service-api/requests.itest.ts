import { newId } from '@millrace/contracts';
import { end, start, template } from '@millrace/testing';
import { bearer, call, consoleCall, createTestApp, type Answer } from '../testing/client.js';
import { startFixture, type Fixture, type TestGateway } from '../testing/gateway-fixture.js';

let fixture: Fixture;
let gateway: TestGateway;
let app: { appId: string; key: string };

const echo = {
  nodes: [
    start([
      { variable: 'name', required: true, max_length: 5 },
      { variable: 'kind', type: 'select', options: ['a', 'b'] },
      { variable: 'count', type: 'number' },
    ]),
    template('t', 'hello'),
    end({ name: ['start', 'name'], count: ['start', 'count'] }),
  ],
};

beforeAll(async () => {
  fixture = await startFixture();
  gateway = await fixture.gateway();
  app = await createTestApp(gateway, echo);
});
afterAll(() => fixture.close());

const run = (body: unknown, headers: Record<string, string> = bearer(app.key)): Promise<Answer> =>
  call(`${gateway.url}/v1/workflows/run`, { body, headers });

const unreadable = 'The browser (or proxy) sent a request that this server could not understand.';

const errorOf = ({ status, body }: Answer) => {
  expect(body['status']).toBe(status);
  expect(Object.keys(body).sort()).toEqual(['code', 'message', 'status']);
  return [status, body['code'], body['message']];
};

describe('authentication (service-api 1.2)', () => {
  it.each([
    [undefined, "Authorization header must be provided and start with 'Bearer'"],
    ['Bearer', "Authorization header must be provided and start with 'Bearer'"],
    ['Basic abc', "Authorization scheme must be 'Bearer'"],
    ['Bearer app-unknown', 'Access token is invalid'],
    ['Bearer dataset-x', 'Access token is invalid'],
  ])('%s', async (header, message) => {
    const answer = await run({}, header === undefined ? {} : { authorization: header });
    expect(errorOf(answer)).toEqual([401, 'unauthorized', message]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });

  it('takes the scheme in any case', async () => {
    const answer = await call(`${gateway.url}/v1/info`, { headers: { authorization: `bEARER ${app.key}` } });
    expect(answer.status).toBe(200);
  });

  it('refuses an app whose API is off, and a tenant that is suspended, at once here', async () => {
    const other = await createTestApp(gateway, echo);
    await consoleCall(gateway, `apps/${other.appId}/api-enable`, { body: { enable_api: false } });
    expect(errorOf(await run({}, bearer(other.key)))).toEqual([
      403,
      'forbidden',
      "The app's API service has been disabled.",
    ]);
    const tenant = await consoleCall(gateway, 'tenants', { body: { name: 'T' } });
    const id = String(tenant.body['id']);
    const asTenant = { headers: { 'x-tenant-id': id } };
    const created = await consoleCall(gateway, 'apps', { body: { name: 'A', mode: 'workflow' }, ...asTenant });
    const key = await consoleCall(gateway, `apps/${String(created.body['id'])}/api-keys`, {
      method: 'POST',
      ...asTenant,
    });
    await consoleCall(gateway, `tenants/${id}`, { method: 'PATCH', body: { status: 'archived' } });
    const answer = await call(`${gateway.url}/v1/info`, { headers: bearer(String(key.body['token'])) });
    expect(errorOf(answer)).toEqual([403, 'forbidden', "The workspace's status is archived."]);
  });

  it('forgets a deleted key', async () => {
    const other = await createTestApp(gateway, echo);
    const list = await consoleCall(gateway, `apps/${other.appId}/api-keys`);
    const [key] = list.body['data'] as unknown as { id: string; token: string }[];
    expect(key?.token).toBe(other.key);
    expect((await call(`${gateway.url}/v1/info`, { headers: bearer(other.key) })).status).toBe(200);
    const deleted = await consoleCall(gateway, `apps/${other.appId}/api-keys/${key?.id}`, { method: 'DELETE' });
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect((await call(`${gateway.url}/v1/info`, { headers: bearer(other.key) })).status).toBe(401);
  });
});

describe('run requests that are refused', () => {
  it.each([
    ['user before everything else', { response_mode: 'nonsense' }, 'Arg user must be provided.'],
    ['a falsy user', { user: 0, inputs: {} }, 'Arg user must be provided.'],
    ['no inputs', { user: 'u' }, 'inputs is required.'],
    ['inputs of another type', { user: 'u', inputs: [] }, 'inputs must be an object.'],
    [
      'an unknown mode',
      { user: 'u', inputs: {}, response_mode: 'x' },
      "response_mode must be 'streaming' or 'blocking'.",
    ],
    ['async', { user: 'u', inputs: {}, response_mode: 'async' }, "response_mode must be 'streaming' or 'blocking'."],
    ['files of another type', { user: 'u', inputs: {}, files: 'x' }, 'files must be an array of file mappings.'],
    ['a missing input', { user: 'u', inputs: {} }, 'name is required in input form'],
    ['a long input', { user: 'u', inputs: { name: '123456' } }, 'name in input form must be less than 5 characters'],
    ['a wrong type', { user: 'u', inputs: { name: 1 } }, "(type 'text-input') name in input form must be a string"],
    [
      'a wrong option',
      { user: 'u', inputs: { name: 'n', kind: 'c' } },
      "kind in input form must be one of the following: ['a', 'b']",
    ],
    [
      'a bad input of a stream',
      { user: 'u', inputs: {}, response_mode: 'streaming' },
      'name is required in input form',
    ],
  ])('%s', async (_, body, message) => {
    expect(errorOf(await run(body))).toEqual([400, 'invalid_param', message]);
  });

  it('a body that is no object', async () => {
    expect(errorOf(await run([])).slice(0, 2)).toEqual([400, 'invalid_param']);
  });

  it.each<[string, string | Buffer]>([
    ['malformed', '{"user":'],
    ['empty', ''],
    ['followed by something', '{"user":"u","inputs":{}} x'],
    ['not UTF-8', Buffer.from('{"user":"u","inputs":{"name":"\xff"}}', 'latin1')],
  ])('a body that is %s', async (_, body) => {
    expect(errorOf(await run(body))).toEqual([400, 'bad_request', unreadable]);
  });

  it.each(['1', '1.0'])('a body that is nested too deep around %s', async (inner) => {
    const deep = (levels: number) => `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`;
    const body = (levels: number) => `{"user":"u","inputs":{"name":"n"},"more":${deep(levels)}}`;
    const text = 'The request body is nested more than 500 levels deep.';
    expect(errorOf(await run(body(500)))).toEqual([400, 'invalid_param', text]);
    expect(errorOf(await run(body(100_000)))).toEqual([400, 'invalid_param', text]);
    expect((await run(body(499))).status).toBe(200);
  });

  it('but not a byte order mark', async () => {
    expect((await run('\ufeff{"user":"u","inputs":{"name":"n"}}')).status).toBe(200);
  });

  it('another content type', async () => {
    const answer = await run('user=u', { ...bearer(app.key), 'content-type': 'application/x-www-form-urlencoded' });
    expect(errorOf(answer)).toEqual([
      415,
      'unsupported_media_type',
      "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
    ]);
  });

  it('a body beyond the limit', async () => {
    const answer = await run({ user: 'u', inputs: { name: 'x'.repeat(1024 * 1024) } });
    expect(errorOf(answer).slice(0, 2)).toEqual([413, 'payload_too_large']);
  });

  it('a trace_session_id that is too long; the highest source that is present counts', async () => {
    const long = 'x'.repeat(201);
    const text = 'trace_session_id must be 1 to 200 characters after trimming.';
    expect(errorOf(await run({ user: 'u', inputs: {}, trace_session_id: long }))).toEqual([400, 'bad_request', text]);
    const ok = await run(
      { user: 'u', inputs: { name: 'n' }, trace_session_id: long },
      { ...bearer(app.key), 'x-trace-session-id': 's' },
    );
    expect(ok.status).toBe(200);
  });

  it('an app without a published version', async () => {
    const other = await createTestApp(gateway, echo, { publish: false });
    const answer = await run({ user: 'u', inputs: { name: 'n' } }, bearer(other.key));
    expect(errorOf(answer).slice(0, 2)).toEqual([400, 'app_unavailable']);
    const parameters = await call(`${gateway.url}/v1/parameters`, { headers: bearer(other.key) });
    expect(errorOf(parameters).slice(0, 2)).toEqual([400, 'app_unavailable']);
  });

  it('a workflow that a trigger starts', async () => {
    const trigger = { id: 'w', data: { type: 'trigger-webhook', title: 'W' } };
    const other = await createTestApp(gateway, { nodes: [trigger, end({})] });
    for (const response_mode of ['blocking', 'streaming']) {
      const answer = await run({ user: 'u', inputs: {}, response_mode }, bearer(other.key));
      expect(errorOf(answer).slice(0, 2)).toEqual([403, 'trigger_workflow_service_mode_unavailable']);
    }
  });

  it('versions that cannot be run by id', async () => {
    const byId = (id: string) =>
      call(`${gateway.url}/v1/workflows/${id}/run`, { body: { user: 'u', inputs: {} }, headers: bearer(app.key) });
    expect(errorOf(await byId('x'))).toEqual([400, 'bad_request', "Invalid workflow_id format: 'x'. "]);
    const unknown = newId();
    expect(errorOf(await byId(unknown))).toEqual([404, 'not_found', `Workflow not found with id: ${unknown}`]);
    const draft = await consoleCall(gateway, `apps/${app.appId}/workflows/draft`);
    const draftId = String(draft.body['id']);
    expect(errorOf(await byId(draftId))).toEqual([
      400,
      'bad_request',
      `Cannot use draft workflow version. Workflow ID: ${draftId}. Please use a published workflow version or leave workflow_id empty.`,
    ]);
  });
});

describe('a json_schema that is broken', () => {
  it.each<[unknown, RegExp | null]>([
    ['{"type":', /^Invalid JSON schema of 'o': it must be a JSON object$/],
    ['[]', /must be a JSON object/],
    [{ type: 'nonsense' }, /^Invalid JSON schema of 'o': data\/type /],
    [{ properties: { a: 1 } }, /^Invalid JSON schema of 'o': data\/properties\/a /],
    ['{"type":"object","required":["a"]}', null],
    [{ $schema: 'https://json-schema.org/draft/2020-12/schema', required: ['a'] }, null],
    ['', null],
  ])('refuses every run of its workflow: %j', async (json_schema, message) => {
    const nodes = [start([{ variable: 'o', type: 'json_object', json_schema }]), end({ o: ['start', 'o'] })];
    const { key } = await createTestApp(gateway, { nodes });
    const answer = await run({ user: 'u', inputs: { o: { a: 1 } }, response_mode: 'streaming' }, bearer(key));
    if (message) expect(errorOf(answer)).toEqual([400, 'invalid_param', expect.stringMatching(message)]);
    else expect(answer.status).toBe(200);
  });
});

describe('paths and methods', () => {
  it('answers a page for unknown paths', async () => {
    const answer = await call(`${gateway.url}/v1/files/abc/preview`, { headers: bearer(app.key) });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it('answers 405 for known ones', async () => {
    const answer = await call(`${gateway.url}/v1/workflows/run`);
    expect(errorOf(answer).slice(0, 2)).toEqual([405, 'method_not_allowed']);
    expect(answer.headers.get('allow')).toContain('POST');
  });

  it('welcomes without a key and names its version', async () => {
    const answer = await call(`${gateway.url}/v1/`);
    expect(answer.body).toEqual({ welcome: 'Dify OpenAPI', api_version: 'v1', server_version: 'test' });
    expect(answer.headers.get('x-version')).toBe('test');
    expect(answer.headers.get('etag')).toBeNull();
  });

  it('lets any origin in', async () => {
    const answer = await call(`${gateway.url}/v1/workflows/run`, {
      method: 'OPTIONS',
      headers: { origin: 'http://x' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization');
  });
});

describe('app descriptions', () => {
  const get = (path: string) => call(`${gateway.url}/v1/${path}`, { headers: bearer(app.key) });

  it('info, meta and site', async () => {
    expect((await get('info')).body).toMatchObject({ name: 'Test workflow', mode: 'workflow', tags: [] });
    expect((await get('meta')).body).toEqual({ tool_icons: {} });
    expect((await get('site')).body).toMatchObject({ title: 'Test workflow', default_language: 'en-US' });
  });

  it('icons of the tools', async () => {
    const tool = (id: string, provider_type: string) => ({
      id,
      data: { type: 'tool', title: id, provider_type, provider_id: `${id}/provider`, tool_name: `${id}_name` },
    });
    const nodes = [start(), tool('clock', 'builtin'), tool('weather', 'api'), tool('flow', 'workflow'), end({})];
    const other = await createTestApp(gateway, { nodes });
    expect((await call(`${gateway.url}/v1/meta`, { headers: bearer(other.key) })).body).toEqual({
      tool_icons: {
        clock_name: `${gateway.url}/console/api/workspaces/current/tool-provider/builtin/clock/provider/icon`,
        weather_name: { background: '#252525', content: '😁' },
      },
    });
    const unpublished = await createTestApp(gateway, { nodes }, { publish: false });
    expect((await call(`${gateway.url}/v1/meta`, { headers: bearer(unpublished.key) })).body).toEqual({
      tool_icons: {},
    });
  });

  it('end users of the app, whom uploads and runs create', async () => {
    const { body } = await run({ user: 'ann', inputs: { name: 'n' } });
    const row = (await get(`workflows/logs?keyword=${String(body['workflow_run_id'])}`)).body;
    const [{ created_by_end_user: creator }] = row['data'] as never as [{ created_by_end_user: { id: string } }];
    const at = (id: string, key = app.key) => call(`${gateway.url}/v1/end-users/${id}`, { headers: bearer(key) });
    const found = await at(creator.id);
    expect(found.body).toEqual({
      ...{ id: creator.id, app_id: app.appId, type: 'service-api', name: null, is_anonymous: false },
      ...{ external_user_id: 'ann', session_id: 'ann', tenant_id: expect.any(String) as string },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      updated_at: found.body['created_at'],
    });
    const other = await createTestApp(gateway, echo);
    const unknown = [404, 'end_user_not_found', 'End user not found.'];
    expect(errorOf(await at(creator.id, other.key))).toEqual(unknown);
    expect(errorOf(await at(newId()))).toEqual(unknown);
    const page = await at('nobody');
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it.each<[string, unknown, unknown]>([
    ['audio-to-text', {}, [400, 'bad_request_key_error', unreadable]],
    ['text-to-audio', {}, [400, 'invalid_param', 'Text is required']],
    ['text-to-audio', { text: 'x' }, [400, 'invalid_param', 'TTS is not enabled']],
    ['text-to-audio', { text: 'x', voice: 'v' }, [400, 'invalid_param', 'Sorry, no voice available.']],
    ['form/human_input/abc', { inputs: {}, action: 'a' }, [400, 'invalid_param', 'Arg user must be provided.']],
    ['form/human_input/abc', { user: 'u', action: 'a' }, [400, 'invalid_param', 'inputs is required.']],
    ['form/human_input/abc', { user: 'u', inputs: {} }, [400, 'invalid_param', 'action is required.']],
    ['form/human_input/abc', { user: 'u', inputs: {}, action: 'a' }, [404, 'not_found', 'Form not found']],
    ['form/human_input/abc', undefined, [404, 'not_found', 'Form not found']],
  ])('%s, which this app has not, with %j', async (path, body, expected) => {
    expect(errorOf(await call(`${gateway.url}/v1/${path}`, { headers: bearer(app.key), body }))).toEqual(expected);
  });

  it.each<[string, string, string, number, unknown]>([
    ['no feature', 'file', 'audio/wav', 1, [400, 'invalid_param', 'Speech to text is not enabled']],
    ['another field', 'audio', 'audio/wav', 1, [400, 'bad_request_key_error', unreadable]],
    ['another type', 'file', 'audio/mpeg', 1, [415, 'unsupported_audio_type', 'Audio type not allowed.']],
    ['too large', 'file', 'audio/mp3', 30 * 1024 * 1024 + 1, [413, 'audio_too_large', 'Audio size larger than 30 mb']],
    [
      'the limit',
      'file',
      'Audio/MP3',
      30 * 1024 * 1024,
      [400, 'provider_not_support_speech_to_text', expect.any(String)],
    ],
  ])('audio to text: %s', async (name, field, type, bytes, expected) => {
    const features = { speech_to_text: { enabled: name !== 'no feature' } };
    const { key } = await createTestApp(gateway, { ...echo, features });
    const part = `--b\r\nContent-Disposition: form-data; name="${field}"; filename="a"\r\nContent-Type: ${type}\r\n\r\n`;
    const answer = await call(`${gateway.url}/v1/audio-to-text`, {
      headers: { ...bearer(key), 'content-type': 'multipart/form-data; boundary=b' },
      body: Buffer.concat([Buffer.from(part), Buffer.alloc(bytes), Buffer.from('\r\n--b--\r\n')]),
    });
    expect(errorOf(answer)).toEqual(expected);
  });

  it('audio of a message is null: there are none', async () => {
    const body = { message_id: newId() };
    const answer = await call(`${gateway.url}/v1/text-to-audio`, { headers: bearer(app.key), body });
    expect([answer.status, answer.text]).toEqual([200, 'null']);
  });

  it('parameters of the published version', async () => {
    const { body } = await get('parameters');
    expect(body['user_input_form']?.[0]).toMatchObject({ 'text-input': { variable: 'name', max_length: 5 } });
    expect(body['system_parameters']).toMatchObject({ file_size_limit: 15 });
    expect(body['opening_statement']).toBeNull();
    expect(body['sensitive_word_avoidance']).toEqual({ enabled: false, type: '', configs: [] });
  });
});

describe('health and metrics', () => {
  it('answers', async () => {
    expect((await call(`${gateway.url}/health/live`)).status).toBe(200);
    expect((await call(`${gateway.url}/health/ready`)).body).toEqual({ status: 'ready' });
    const { text } = await call(`${gateway.url}/metrics`);
    expect(text).toContain('millrace_http_request_duration_seconds_count');
    expect(text).toContain('millrace_stream_viewers');
    expect(text).toContain('millrace_queue_jobs{shard="0",state="waiting",service="gateway"} 0');
    expect(text).toContain('millrace_queue_oldest_seconds{shard="0",service="gateway"} 0');
  });
});

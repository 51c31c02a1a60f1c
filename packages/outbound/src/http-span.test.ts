import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintRunTrace, startTelemetry, uncatalogued, withNodeSpan } from '@millrace/telemetry';
import { readExportedSpans, startHttpTarget, type HttpTarget, type ReceivedSpan } from '@millrace/testing';
import { templatePath, withoutTokens } from './http-span.js';
import { createOutbound } from './outbound.js';

describe('the path that a span shows', () => {
  it.each([
    ['https://h.example', '/'],
    ['https://h.example/a/b?q={{#start.q#}}#f', '/a/b'],
    ['https://h.example/{{#start.name#}}/b', '/REDACTED/b'],
    ['https://user:pass@h.example:8443/a', '/a'],
    ['{{#env.BASE#}}/v1/{{#start.x#}}', '/v1/REDACTED'],
    ['h.example/a', '/a'],
    ['{{#start.url#}}', '/'],
    ['https://h.example/{{#start.a#}}?x=1/secret', '/REDACTED'],
    ['https://hooks.example/services/T0/B0/abcdefghij0123456789abcd', '/services/T0/B0/REDACTED'],
    [`https://h.example/${'a'.repeat(3000)}`, '/REDACTED'],
    ['https://h.example/{{#unclosed', '/{{'],
  ])('of %s is %s', (template, path) => {
    expect(templatePath(template)).toBe(path);
  });

  it('keeps what providers name their calls', () => {
    expect(withoutTokens('/v1/chat/completions')).toBe('/v1/chat/completions');
    expect(withoutTokens('/v1beta/models/gemini-2.5-flash:streamGenerateContent')).toBe('/v1beta/models/REDACTED');
  });
});

const traceId = 'cccccccccccccccccccccccccccccccc';

describe('requests', () => {
  let target: HttpTarget;
  let folder: string;
  let spans: ReceivedSpan[];
  let text: string;

  // The SDK can be started once in a process: all is sent here, the tests look at what was exported.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-spans-'));
    target = await startHttpTarget(({ path }) => {
      if (path.startsWith('/from')) return { status: 307, headers: { location: '/to/typed?token=secret' } };
      return { status: path.startsWith('/missing') ? 404 : 200 };
    });
    const env = { OTEL_TRACES_EXPORTER: 'otlp_file', MILLRACE_TELEMETRY_DIR: folder };
    const telemetry = await startTelemetry({ service: 'test', env });
    const open = { allowCidrs: ['127.0.0.0/8'] };
    const [silent, telling] = [createOutbound(open), createOutbound({ ...open, traceHosts: ['127.0.0.1'] })];
    const { carrier } = mintRunTrace({ name: 'r', traceIdHint: traceId });
    await withNodeSpan(carrier, { nodeType: 'http-request', nodeId: 'n', runId: 'r' }, async () => {
      const headers = { authorization: 'Bearer secret' };
      const asked = { method: 'POST', headers, body: 'typed', url: `${target.url}/from/typed?key=secret` };
      await silent.request({ ...asked, urlTemplate: `${target.url}/from/{{#a.b#}}` });
      await silent.request({ method: 'GET', headers, url: `${target.url}/missing/typed` });
      await silent.request({ method: 'PURGE', headers, url: target.url, urlTemplate: target.url });
      const refused = { method: 'GET', headers: {}, url: 'http://10.0.0.1/typed' };
      await silent.request(refused).catch(() => undefined);
      await (await silent.fetch(`${target.url}/v1/chat?key=secret`, { method: 'POST', body: 'typed' })).text();
      await telling.request({ method: 'GET', headers: {}, url: `${target.url}/told` });
      await telling.request({ method: 'GET', headers: { traceparent: 'own' }, url: `${target.url}/own` });
      await (await telling.fetch(`${target.url}/told/fetch`)).text();
    });
    await telling.request({ method: 'GET', headers: {}, url: `${target.url}/outside` });
    await telemetry.shutdown();
    await Promise.all([silent.close(), telling.close(), target.close()]);
    ({ spans, text } = await readExportedSpans(folder));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const clients = (): ReceivedSpan[] => spans.filter(({ kind }) => kind === 3).sort((a, b) => a.startMs - b.startMs);
  const sent = (path: string) => target.requests.find((request) => request.path.startsWith(path));

  it('are client spans below the node, each hop of a redirect for itself', () => {
    const [first, second] = clients();
    expect(first).toMatchObject({
      name: 'POST',
      statusCode: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 307,
        'url.full': `${target.url}/from/REDACTED`,
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(target.url).port),
      },
    });
    expect(second?.attributes).toMatchObject({
      'url.full': `${target.url}/REDACTED`,
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
    });
    const node = spans.find(({ name }) => name === 'node http-request');
    expect(clients().every(({ parentSpanId }) => parentSpanId === node?.spanId)).toBe(true);
  });

  it('say what went wrong by its kind', () => {
    const errors = clients().map(({ attributes, statusCode }) => [attributes['error.type'], statusCode]);
    expect(errors.filter(([type]) => type !== undefined)).toEqual([
      ['404', 2],
      ['not-allowed', 2],
    ]);
    expect(
      clients().some(({ name, attributes }) => name === 'HTTP' && attributes['http.request.method'] === '_OTHER'),
    ).toBe(true);
  });

  it('show nothing of users, no key, and nothing that is not in the catalogue', () => {
    expect(text).not.toMatch(/typed|secret/);
    expect(uncatalogued(clients())).toEqual([]);
  });

  it('tell the trace to hosts that are listed, and to no other', () => {
    expect(sent('/from')?.headers['traceparent']).toBeUndefined();
    expect(sent('/v1/chat')?.headers['traceparent']).toBeUndefined();
    const told = clients().find(({ attributes }) => attributes['url.full'] === `${target.url}/told/fetch`);
    expect(sent('/told/fetch')?.headers['traceparent']).toBe(`00-${traceId}-${told?.spanId ?? ''}-01`);
    expect(sent('/told')?.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-`));
    expect(sent('/own')?.headers['traceparent']).toBe('own');
    expect(sent('/outside')?.headers['traceparent']).toBeUndefined();
  });
});

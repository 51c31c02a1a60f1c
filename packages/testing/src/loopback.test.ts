import { parse } from 'yaml';
import { end, http, ifElse, llm, start, startHttpTarget, startModelServer, template, workflowFile } from './index.js';

const post = (url: string, body: object, signal?: AbortSignal) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), ...(signal ? { signal } : {}) });

describe('startModelServer', () => {
  it.each([
    ['/v1/chat/completions', { model: 'm', stream: true }, '[DONE]'],
    ['/v1/messages', { model: 'm', stream: true }, 'message_stop'],
    ['/v1beta/models/m:streamGenerateContent', {}, 'STOP'],
  ])('streams on %s', async (path, body, last) => {
    const models = await startModelServer({ text: 'one two' });
    const text = await (await post(models.url + path, body)).text();
    expect(text).toContain('one ');
    expect(text).toContain(last);
    expect(models.requests[0]).toMatchObject({ streaming: true, ended: 'answered' });
    await models.close();
  });

  it.each([['/v1/chat/completions'], ['/v1/messages'], ['/v1beta/models/m:generateContent']])(
    'answers whole and fails on demand on %s',
    async (path) => {
      const models = await startModelServer();
      models.script({ status: 429, headers: { 'retry-after': '3' } });
      const refused = await post(models.url + path, { model: 'm' });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
      expect(await (await post(models.url + path, { model: 'm' })).text()).toContain('Hello from the model.');
      await models.close();
    },
  );

  it('notices that a caller hangs up', async () => {
    const models = await startModelServer({ hang: true });
    const caller = new AbortController();
    const call = post(`${models.baseUrl}/chat/completions`, { stream: true }, caller.signal);
    const request = await models.received(0);
    expect(models.open).toBe(1);
    caller.abort();
    await expect(call).rejects.toThrow();
    await request.closed;
    expect(request.ended).toBe('aborted');
    expect(models.open).toBe(0);
    await models.close();
  });
});

describe('startHttpTarget', () => {
  it('plays its script, then echoes', async () => {
    const target = await startHttpTarget();
    target.script({ status: 503 }, { cut: true });
    expect((await post(`${target.url}/a?b=1`, {})).status).toBe(503);
    await expect(post(target.url, {})).rejects.toThrow();
    expect(await (await post(`${target.url}/c`, { x: 1 })).json()).toMatchObject({ path: '/c', body: '{"x":1}' });
    expect(target.requests).toHaveLength(3);
    await target.close();
  });
});

describe('workflowFile', () => {
  it('writes a file in export shape', () => {
    const text = workflowFile({
      nodes: [
        start([{ variable: 'who', required: true }]),
        ifElse('check', [{ conditions: [{ selector: ['start', 'who'], operator: 'not empty' }] }]),
        template('greet', 'Hello {{ who }}', { who: ['start', 'who'] }),
        http('call', 'http://localhost/'),
        llm('ask', '{{#start.who#}}'),
        end({ greeting: ['greet', 'output'] }),
      ],
      edges: [
        ['start', 'check'],
        ['check', 'greet', 'true'],
        ['greet', 'end'],
      ],
    });
    const file = parse(text) as { version: string; workflow: { graph: { edges: object[]; nodes: object[] } } };
    expect(file.version).toBe('0.3.0');
    expect(file.workflow.graph.nodes).toHaveLength(6);
    expect(file.workflow.graph.edges[1]).toMatchObject({ source: 'check', sourceHandle: 'true', target: 'greet' });
  });
});

/**
 * What workflows call out to: `GET /?q=…` answers with `q` after 50 ms; `POST /v1/chat/completions`
 * is a model that streams, and under `/unpaced` one that does not wait between chunks. The port is the argument.
 */
import { createServer, type ServerResponse } from 'node:http';
import { streamChunks, streamChunksPerSecond } from '../scenarios.js';

const answerAfterMs = 50;

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '/', 'http://target');
  if (req.method === 'GET') {
    const text = url.searchParams.get('q') ?? '';
    setTimeout(() => res.writeHead(200, { 'content-type': 'text/plain' }).end(text), answerAfterMs);
    return;
  }
  let body = '';
  req.setEncoding('utf8').on('data', (piece: string) => (body += piece));
  req.on('end', () => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: unknown }[] };
    speak(res, textOf(messages.at(-1)?.content), url.pathname.startsWith('/unpaced/'));
  });
});

const textOf = (content: unknown): string =>
  typeof content === 'string' ? content : (content as { text: string }[]).map((part) => part.text).join('');

/** Streams `<text>.<i> ` chunks in OpenAI's form, on a fixed clock unless `unpaced`. */
function speak(res: ServerResponse, text: string, unpaced: boolean): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 0, model: 'bench' };
  const send = (value: unknown): void => {
    res.write(`data: ${JSON.stringify(value)}\n\n`);
  };
  const startedAt = performance.now();
  let next = 0;
  const tick = (): void => {
    if (res.destroyed) return;
    send({
      ...base,
      choices: [{ index: 0, delta: { role: 'assistant', content: `${text}.${next} ` }, finish_reason: null }],
    });
    next++;
    if (next < streamChunks && unpaced) return tick();
    if (next < streamChunks) {
      setTimeout(tick, Math.max(0, startedAt + (next * 1000) / streamChunksPerSecond - performance.now()));
      return;
    }
    const usage = { prompt_tokens: 1, completion_tokens: streamChunks, total_tokens: streamChunks + 1 };
    send({ ...base, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage });
    res.end('data: [DONE]\n\n');
  };
  tick();
}

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1');

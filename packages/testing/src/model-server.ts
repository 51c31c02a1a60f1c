import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { modelProtocols, type FullReply, type ModelProtocol } from './model-protocols.js';

/** What the model answers. */
export interface ModelReply {
  /** Default `Hello from the model.` */
  text?: string;
  /** Pieces of a stream. Default: the text, word by word. */
  chunks?: string[];
  /** Pace of a stream. Default: as fast as it goes. */
  chunksPerSecond?: number;
  /** Ends the connection in the middle, after this many chunks. */
  cutAfterChunks?: number;
  finishReason?: 'stop' | 'length';
  promptTokens?: number;
  /** Default: the number of chunks. */
  completionTokens?: number;
  /** An error status such as 401, 429, 500 instead of a reply. */
  status?: number;
  errorMessage?: string;
  /** The provider's own code of the error, such as `insufficient_quota` (OpenAI's protocol). */
  errorCode?: string;
  headers?: Record<string, string>;
  /** Milliseconds before the first byte. */
  delayMs?: number;
  /** Accepts the request and never answers. */
  hang?: boolean;
}

export interface ModelRequest {
  protocol: ModelProtocol['name'];
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  streaming: boolean;
  openedAtMs: number;
  /** When the connection's answer ended; `undefined` while it is open. */
  closedAtMs: number | undefined;
  /** Whether the answer was written to its end, or the caller hung up before. */
  ended: 'answered' | 'aborted' | undefined;
  /** Settles when the request has ended either way. */
  closed: Promise<void>;
}

/** A model provider on loopback that speaks the APIs of OpenAI (and all that are like it), Anthropic, Google, Cohere and Bedrock. */
export interface ModelServer {
  /** Address without path. */
  readonly url: string;
  /** Base address for OpenAI-compatible and Anthropic providers, `…/v1`. */
  readonly baseUrl: string;
  /** Base address for Google, `…/v1beta`. */
  readonly googleBaseUrl: string;
  readonly requests: readonly ModelRequest[];
  /** Requests whose answer has not ended. */
  readonly open: number;
  /** Replies for the next requests, in order; afterwards the default reply again. */
  script(...replies: ModelReply[]): void;
  /** Resolves with request number `index` (from 0) when it has arrived. */
  received(index: number): Promise<ModelRequest>;
  close(): Promise<void>;
}

/** @param reply default reply, or a function of the request */
export async function startModelServer(
  reply: ModelReply | ((request: ModelRequest) => ModelReply) = {},
): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const scripted: ModelReply[] = [];
  const waiting: { index: number; resolve: (request: ModelRequest) => void }[] = [];

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const path = new URL(incoming.url ?? '/', 'http://localhost').pathname;
    const protocol = modelProtocols.find((one) => one.matches(path));
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    if (!protocol) {
      response.writeHead(404).end();
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    const request = record(incoming, response, protocol, path, body);
    requests.push(request);
    for (const waiter of waiting) if (waiter.index === requests.length - 1) waiter.resolve(request);
    const chosen = scripted.shift() ?? (typeof reply === 'function' ? reply(request) : reply);
    await answer(response, protocol, request, chosen);
  };
  const server = createServer((incoming, response) => {
    // A caller that hangs up or sends no JSON gets its connection closed.
    handle(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;

  return {
    url,
    baseUrl: `${url}/v1`,
    googleBaseUrl: `${url}/v1beta`,
    requests,
    get open() {
      return requests.filter((request) => request.ended === undefined).length;
    },
    script(...replies) {
      scripted.push(...replies);
    },
    received(index) {
      const request = requests[index];
      return request ? Promise.resolve(request) : new Promise((resolve) => waiting.push({ index, resolve }));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function record(
  incoming: IncomingMessage,
  response: ServerResponse,
  protocol: ModelProtocol,
  path: string,
  body: Record<string, unknown>,
): ModelRequest {
  const request: ModelRequest = {
    protocol: protocol.name,
    path,
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body,
    streaming: protocol.streams(path, body),
    openedAtMs: Date.now(),
    closedAtMs: undefined,
    ended: undefined,
    closed: new Promise((resolve) => {
      response.on('close', () => {
        request.closedAtMs = Date.now();
        request.ended = response.writableFinished ? 'answered' : 'aborted';
        resolve();
      });
    }),
  };
  return request;
}

async function answer(
  response: ServerResponse,
  protocol: ModelProtocol,
  request: ModelRequest,
  reply: ModelReply,
): Promise<void> {
  if (reply.delayMs !== undefined) await pause(reply.delayMs);
  if (reply.hang) return;
  if (reply.status !== undefined && reply.status >= 400) {
    const message = reply.errorMessage ?? `Scripted failure ${reply.status}.`;
    sendJson(response, reply.status, protocol.failure(reply.status, message, reply.errorCode), reply.headers);
  } else if (request.streaming) await stream(response, protocol, request.body, reply);
  else sendJson(response, 200, protocol.whole(fill(reply), modelOf(request.body)), reply.headers);
}

async function stream(
  response: ServerResponse,
  protocol: ModelProtocol,
  body: Record<string, unknown>,
  reply: ModelReply,
): Promise<void> {
  const full = fill(reply);
  const model = modelOf(body);
  const contentType = protocol.streamType ?? 'text/event-stream; charset=utf-8';
  response.writeHead(200, { 'content-type': contentType, ...reply.headers });
  for (const frame of protocol.opening(full, model)) response.write(frame);
  for (const [index, chunk] of full.chunks.entries()) {
    if (response.destroyed) return;
    if (index === reply.cutAfterChunks) {
      response.destroy();
      return;
    }
    response.write(protocol.chunk(chunk, model));
    if (reply.chunksPerSecond) await pause(1000 / reply.chunksPerSecond);
  }
  for (const frame of protocol.closing(full, model, body)) response.write(frame);
  response.end();
}

function fill(reply: ModelReply): FullReply {
  const text = reply.text ?? reply.chunks?.join('') ?? 'Hello from the model.';
  const chunks = reply.chunks ?? text.match(/\S+\s*|\s+/g) ?? [];
  return {
    text,
    chunks,
    finishReason: reply.finishReason ?? 'stop',
    promptTokens: reply.promptTokens ?? 7,
    completionTokens: reply.completionTokens ?? chunks.length,
  };
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const modelOf = (body: Record<string, unknown>): string =>
  typeof body['model'] === 'string' ? body['model'] : 'test-model';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

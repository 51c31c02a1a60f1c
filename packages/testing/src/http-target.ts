import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One scripted answer of a target. Without any field: 200 with an echo of the request as JSON. */
export interface TargetAnswer {
  /** Default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** Text, or an object sent as JSON. Default: an echo of the request. */
  body?: string | object;
  /** Milliseconds before the answer begins. */
  delayMs?: number;
  /** Never answers. */
  hang?: boolean;
  /** Closes the connection without an answer. */
  cut?: boolean;
}

export interface TargetRequest {
  method: string;
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  body: string;
  receivedAtMs: number;
}

/** An HTTP server on loopback that does what a test asks. */
export interface HttpTarget {
  readonly url: string;
  /** Requests received so far, in order. */
  readonly requests: readonly TargetRequest[];
  /** Answers for the next requests, in order; afterwards the default answer again. */
  script(...answers: TargetAnswer[]): void;
  /** Resolves when `count` requests have been received. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param answer default answer, or a function of the request */
export async function startHttpTarget(
  answer: TargetAnswer | ((request: TargetRequest) => TargetAnswer) = {},
): Promise<HttpTarget> {
  const requests: TargetRequest[] = [];
  const scripted: TargetAnswer[] = [];
  const waiting = new Set<{ count: number; resolve: () => void }>();

  const server = createServer((incoming, response) => {
    void readRequest(incoming).then(
      (request) => {
        requests.push(request);
        for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
        send(response, request, scripted.shift() ?? (typeof answer === 'function' ? answer(request) : answer));
      },
      // The client went away while it was sending; there is nobody to answer.
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    script(...answers) {
      scripted.push(...answers);
    },
    received(count) {
      if (requests.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.add({ count, resolve }));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<TargetRequest> {
  const receivedAtMs = Date.now();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks).toString('utf8'),
    receivedAtMs,
  };
}

function send(response: ServerResponse, request: TargetRequest, answer: TargetAnswer): void {
  if (answer.hang) return;
  if (answer.cut) {
    response.destroy();
    return;
  }
  const { method, path, headers, body } = request;
  const content = answer.body ?? { method, path, headers, body };
  const isText = typeof content === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  const write = () => {
    response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers });
    response.end(isText ? content : JSON.stringify(content));
  };
  if (answer.delayMs === undefined) write();
  else setTimeout(write, answer.delayMs);
}

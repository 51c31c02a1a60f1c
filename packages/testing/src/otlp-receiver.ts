import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeOtlp } from './otlp-protobuf.js';

/** A span as it was exported, with the service that exported it. */
export interface ReceivedSpan {
  service: string;
  /** Attributes of the process. */
  resource: Record<string, unknown>;
  traceId: string;
  spanId: string;
  /** `undefined` for a root span. */
  parentSpanId: string | undefined;
  name: string;
  /** OTLP numbers: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  /** OTLP numbers: 0 unset, 1 ok, 2 error. */
  statusCode: number;
  statusMessage: string;
}

export interface OtlpReceiver {
  /** Environment for the processes that are to export here. */
  env: Record<string, string>;
  /** Everything received so far. */
  spans(): ReceivedSpan[];
  /** Resolves when the spans received satisfy `done`; never by itself otherwise. */
  until(done: (spans: ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
}

/** Spans of a trace whose parent was never exported; the roots are not among them. */
export function orphansOf(spans: ReceivedSpan[], traceId: string): ReceivedSpan[] {
  const trace = spans.filter((span) => span.traceId === traceId);
  const known = new Set(trace.map((span) => span.spanId));
  return trace.filter(({ parentSpanId }) => parentSpanId !== undefined && !known.has(parentSpanId));
}

/** How spans travel over HTTP. */
export type OtlpProtocol = 'http/protobuf' | 'http/json';

/** An OTLP/HTTP collector on loopback that keeps the spans of many processes in memory. */
export async function startOtlpReceiver(protocol: OtlpProtocol = 'http/protobuf'): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((req, res) => {
    receive(req, res).then(
      (received) => {
        spans.push(...received);
        for (const check of [...waiting]) check();
      },
      (error: unknown) => res.writeHead(400).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
    spans: () => spans,
    until: (done) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!done(spans)) return;
          waiting.delete(check);
          resolve(spans);
        };
        waiting.add(check);
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function receive(req: IncomingMessage, res: ServerResponse): Promise<ReceivedSpan[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  if (req.url !== '/v1/traces') {
    // Metrics are accepted and forgotten.
    res.writeHead(req.url === '/v1/metrics' ? 200 : 404).end();
    return [];
  }
  const body = Buffer.concat(chunks);
  const plain = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const type = req.headers['content-type'] ?? '';
  const isJson = type.startsWith('application/json');
  const message: unknown = isJson ? JSON.parse(plain.toString('utf8')) : decodeOtlp(plain);
  // An empty protobuf message is no bytes at all.
  res.writeHead(200, { 'content-type': type }).end(isJson ? '{}' : '');
  return parseExport(message as OtlpExport);
}

interface OtlpValue {
  arrayValue?: { values?: OtlpValue[] };
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
}
interface OtlpAttribute {
  key: string;
  value: OtlpValue;
}
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: OtlpAttribute[];
  links?: { traceId: string; spanId: string }[];
  status?: { code?: number; message?: string };
}
/** Body of an export request of spans, as far as tests look at it. */
export interface OtlpExport {
  resourceSpans?: { resource?: { attributes?: OtlpAttribute[] }; scopeSpans?: { spans?: OtlpSpan[] }[] }[];
}

/** The spans of an export request. */
export function parseExport(body: OtlpExport): ReceivedSpan[] {
  return (body.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const process = parseAttributes(resource?.attributes);
    return (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((span) => parseSpan(process, span)));
  });
}

const parseAttributes = (attributes: OtlpAttribute[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, parseValue(value)]));

const parseValue = ({ arrayValue, stringValue, boolValue, intValue, doubleValue }: OtlpValue): unknown =>
  arrayValue
    ? (arrayValue.values ?? []).map(parseValue)
    : (stringValue ?? boolValue ?? Number(intValue ?? doubleValue));

const parseSpan = (resource: Record<string, unknown>, span: OtlpSpan): ReceivedSpan => ({
  service: typeof resource['service.name'] === 'string' ? resource['service.name'] : '',
  resource,
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId || undefined,
  name: span.name,
  kind: span.kind,
  startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
  endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
  attributes: parseAttributes(span.attributes),
  links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
  statusCode: span.status?.code ?? 0,
  statusMessage: span.status?.message ?? '',
});

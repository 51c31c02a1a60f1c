import { randomFillSync } from 'node:crypto';

/** Ids of a span as they travel between processes. */
export interface SpanIds {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits. */
  spanId: string;
  /** Whether the trace is recorded; carried in the flags of `traceparent`. */
  sampled: boolean;
  /** `tracestate` header that came with it. */
  tracestate?: string;
}

// One system call fills 4 KiB, enough for 170 runs: ids stay cheap when tracing is off.
const pool = Buffer.alloc(4096);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

const isZero = (hex: string): boolean => /^0*$/.test(hex);

function randomId(bytes: number): string {
  const id = randomHex(bytes);
  return isZero(id) ? randomId(bytes) : id;
}

/** A random OpenTelemetry trace id. */
export const newTraceId = (): string => randomId(16);

/** A random OpenTelemetry span id. */
export const newSpanId = (): string => randomId(8);

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a W3C `traceparent`; `undefined` when it is missing or invalid. */
export function parseTraceparent(text: string | undefined): SpanIds | undefined {
  const match = text === undefined ? null : traceparentPattern.exec(text.trim());
  if (!match) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a W3C `traceparent` of version 00. */
export const formatTraceparent = (ids: SpanIds): string =>
  `00-${ids.traceId}-${ids.spanId}-${ids.sampled ? '01' : '00'}`;

const publicPattern = /^[A-Za-z0-9_-]{1,128}$/;

/** A caller's `trace_id` (1–128 characters of `A-Za-z0-9_-`); `undefined` for anything else, which is ignored. */
export function parsePublicTraceId(value: unknown): string | undefined {
  return typeof value === 'string' && publicPattern.test(value) ? value : undefined;
}

const hexPattern = /^[0-9a-f]{32}$/i;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The OpenTelemetry trace id that a caller's `trace_id` *is* (32 hex digits or a UUID), or `undefined`. */
export function otelTraceIdOf(publicTraceId: string | undefined): string | undefined {
  if (publicTraceId === undefined) return undefined;
  if (!hexPattern.test(publicTraceId) && !uuidPattern.test(publicTraceId)) return undefined;
  const hex = publicTraceId.replaceAll('-', '').toLowerCase();
  return isZero(hex) ? undefined : hex;
}

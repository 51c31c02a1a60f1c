/**
 * One trace per run:
 *
 *     HTTP server span (gateway, at accept)
 *     └─ run span (id minted at accept; recorded when the run has ended, by whoever ended it)
 *        ├─ node queue / node execution (workers)
 *        └─ relay (gateways)
 *
 * T1: the run span's id is in the carrier before any of its children starts, and the span itself is
 *     recorded at the end, so no child is an orphan.
 * T2: the sampling decision is made once, by the server span, and travels in the carrier's flags.
 * T3: ids exist when tracing is off as well, for the answer's headers; their flags say "not sampled".
 * T4: a child is handed to the exporter after its parent (held-spans.ts).
 * T5: no span holds a message, an address or a value that a workflow or its data made; errors are told by their class.
 */
import { SpanKind, type Attributes, type Span } from '@opentelemetry/api';
import type { Ending, RunContext, TraceCarrier } from '@millrace/contracts';
import { failSpan } from './child-span.js';
import { endWithChildren, holdChildren } from './held-spans.js';
import { traceLogFields, withLogFields } from './log-fields.js';
import { idsOf, isTracing, noopSpan, startSpanWithIds, withActiveSpan } from './spans.js';
import {
  formatTraceparent,
  newSpanId,
  newTraceId,
  otelTraceIdOf,
  parsePublicTraceId,
  parseTraceparent,
  type SpanIds,
} from './trace-ids.js';

export interface MintRunTrace {
  /** Name of the HTTP server span, such as `POST /v1/workflows/run`. */
  name: string;
  /** The caller's `trace_id` as it came; an invalid one is ignored. */
  traceIdHint?: unknown;
  /** The caller's `traceparent` and `tracestate` headers as they came. */
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  /** Arrival of the request, Unix ms. Default: now. */
  startTimeMs?: number;
  attributes?: Attributes;
}

export interface RunTrace {
  /** Public trace id (`X-Trace-Id`, `RunContext.traceId`): the caller's as given, else the OpenTelemetry one. */
  traceId: string;
  /** For `RunContext.trace`; its `traceparent` is also the answer's header. Always set. */
  carrier: TraceCarrier & { traceparent: string };
  /** For `RunContext.parentSpanId`; absent when tracing is off. */
  parentSpanId?: string;
  /** The HTTP server span; the gateway ends it with the answer. */
  serverSpan: Span;
}

/** Starts the HTTP server span of a run and mints the id of its run span. */
export function mintRunTrace(request: MintRunTrace): RunTrace {
  const publicId = parsePublicTraceId(request.traceIdHint);
  const forced = otelTraceIdOf(publicId);
  const caller = parseTraceparent(request.traceparent);
  if (caller && request.tracestate !== undefined) caller.tracestate = request.tracestate;
  const serverSpan = isTracing() ? startServerSpan(request, forced, caller) : noopSpan;
  if (isTracing()) holdChildren(serverSpan);
  const server = isTracing() ? idsOf(serverSpan) : undefined;

  const traceId = server?.traceId ?? forced ?? caller?.traceId ?? newTraceId();
  const carrier = carrierOf({ traceId, spanId: newSpanId(), sampled: server?.sampled ?? false });
  return {
    traceId: publicId ?? traceId,
    carrier,
    ...(server && { parentSpanId: server.spanId }),
    serverSpan,
  };
}

function startServerSpan(request: MintRunTrace, forced: string | undefined, caller: SpanIds | undefined): Span {
  const { name, startTimeMs, attributes } = request;
  const base = {
    name,
    kind: SpanKind.SERVER,
    ...(startTimeMs !== undefined && { startTimeMs }),
    ...(attributes && { attributes }),
  };
  if (forced === undefined) return startSpanWithIds({ ...base, ...(caller && { parent: caller }) });
  // A forced trace id makes a root span of that trace: a made-up parent would never be exported.
  return startSpanWithIds({ ...base, traceId: forced, ...(caller && { links: [caller] }) });
}

/** The carrier whose span is the given one. */
export function carrierOf(of: SpanIds | Span): TraceCarrier & { traceparent: string } {
  const ids = 'spanContext' in of ? idsOf(of) : of;
  return {
    traceparent: formatTraceparent(ids),
    ...(ids.tracestate !== undefined && { tracestate: ids.tracestate }),
  };
}

/** A run's carrier is kept with its context: the nodes that a worker runs parse it once. */
const sampled = new WeakMap<TraceCarrier, SpanIds | null>();

/** Ids of the carrier's span when it is to be recorded here. */
function sampledIds(carrier: TraceCarrier): SpanIds | undefined {
  if (!isTracing()) return undefined;
  let ids = sampled.get(carrier);
  if (ids === undefined) {
    const parsed = parseTraceparent(carrier.traceparent);
    ids = parsed?.sampled ? parsed : null;
    sampled.set(carrier, ids);
  }
  return ids ?? undefined;
}

/** Records the run span, from accept to end. Call once, in the process that ended the run. */
export function recordRunSpan(
  run: RunContext,
  ending: Pick<Ending, 'status' | 'error' | 'finishedAtMs'> & Partial<Ending>,
): void {
  const ids = sampledIds(run.trace);
  if (!ids) return;
  const span = startSpanWithIds({
    name: 'workflow run',
    traceId: ids.traceId,
    spanId: ids.spanId,
    ...(run.parentSpanId !== undefined && { parent: { ...ids, spanId: run.parentSpanId } }),
    startTimeMs: run.createdAtMs,
    attributes: {
      'millrace.run.id': run.runId,
      'millrace.task.id': run.taskId,
      'millrace.tenant.id': run.tenantId,
      'millrace.app.id': run.appId,
      'millrace.workflow.id': run.versionId,
      'millrace.trace.id': run.traceId,
      'millrace.run.status': ending.status,
      ...(ending.totalTokens !== undefined && { 'millrace.run.tokens': ending.totalTokens }),
      ...(ending.totalSteps !== undefined && { 'millrace.run.steps': ending.totalSteps }),
    },
  });
  if (ending.status === 'failed') failSpan(span, ending.code || 'failed');
  span.end(Math.max(ending.finishedAtMs, run.createdAtMs));
}

export interface NodeSpan {
  /** Node type, such as `http-request`; it becomes the span's name. */
  nodeType: string;
  nodeId: string;
  runId: string;
  /** Public trace id for the log lines of this node. Default: the carrier's. */
  traceId?: string;
  /** Unix ms at which the node became ready; the time until now is recorded as the queue span. */
  readyAtMs?: number;
  attributes?: Attributes;
  /** Id of the span, when others must be able to name it. Default: random. */
  spanId?: string;
  links?: SpanIds[];
}

/**
 * Runs `fn` as the execution of a node: log lines carry the trace and run id, the wait in the queue
 * and the execution are recorded as spans under the run span. A thrown error marks the span and is
 * thrown on.
 */
export function withNodeSpan<T>(carrier: TraceCarrier, node: NodeSpan, fn: (span: Span) => Promise<T>): Promise<T> {
  const fields = { ...traceLogFields(carrier.traceparent, node.traceId), run_id: node.runId, node_id: node.nodeId };
  const parent = sampledIds(carrier);
  if (!parent) return withLogFields(fields, () => fn(noopSpan));

  const attributes: Attributes = {
    'millrace.run.id': node.runId,
    'millrace.node.id': node.nodeId,
    'millrace.node.type': node.nodeType,
    ...node.attributes,
  };
  if (node.readyAtMs !== undefined) recordQueueSpan(parent, node.readyAtMs, node.nodeId);
  const span = startSpanWithIds({
    name: `node ${node.nodeType}`,
    kind: SpanKind.CONSUMER,
    parent,
    attributes,
    ...(node.spanId !== undefined && { spanId: node.spanId }),
    ...(node.links && { links: node.links }),
  });
  holdChildren(span);
  return withLogFields(fields, () => withActiveSpan(span, () => endWith(span, fn)));
}

function recordQueueSpan(parent: SpanIds, readyAtMs: number, nodeId: string): void {
  const now = Date.now();
  startSpanWithIds({
    name: 'node queue',
    parent,
    startTimeMs: Math.min(readyAtMs, now),
    attributes: { 'millrace.node.id': nodeId },
  }).end(now);
}

async function endWith<T>(span: Span, fn: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await fn(span);
  } catch (error) {
    failSpan(span, error instanceof Error ? error.name : 'Error');
    throw error;
  } finally {
    endWithChildren(span);
  }
}

/** Records how long a client followed a run. Times are Unix ms. */
export function recordRelaySpan(
  carrier: TraceCarrier,
  relay: { mode: 'streaming' | 'blocking' | 'events'; startTimeMs: number; endTimeMs: number; attributes?: Attributes },
): void {
  const parent = sampledIds(carrier);
  if (!parent) return;
  startSpanWithIds({
    name: `relay ${relay.mode}`,
    kind: SpanKind.PRODUCER,
    parent,
    startTimeMs: relay.startTimeMs,
    attributes: relay.attributes ?? {},
  }).end(relay.endTimeMs);
}

/** Spans of a node's attempts: what a later attempt knows of an earlier one, which may be dead. */
import { SpanKind, type Attributes } from '@opentelemetry/api';
import type { BegunNode, NodeJob, TraceCarrier } from '@millrace/contracts';
import { failSpan } from './child-span.js';
import type { NodeSpan } from './run-trace.js';
import { isTracing, startSpanWithIds } from './spans.js';
import { parseTraceparent, type SpanIds } from './trace-ids.js';

/**
 * The span id of the attempt that a token fences: whoever takes a claim over knows the dead owner's token, and with it the
 * span that the owner could not export.
 * @param token a random UUID, of which the last 64 bits are taken; they are never zero
 */
export const attemptSpanId = (token: string): string => token.replaceAll('-', '').slice(16).toLowerCase();

/** What a claimed attempt knows of itself: its node, its job and its claim. */
type Node = Pick<NodeSpan, 'nodeId' | 'nodeType' | 'runId'>;
type Job = Pick<NodeJob, 'attempt' | 'readyAtMs' | 'formerSpanId'>;
type Claim = Pick<BegunNode, 'token' | 'crashes' | 'formerToken' | 'startedAtMs'>;

/** What the span of a claimed attempt has of its own. */
export interface AttemptSpan {
  spanId: string;
  links: SpanIds[];
  attributes: Attributes;
}

/**
 * Id, links and attributes of the span of a claimed attempt: a retry links to the attempt that failed, a re-execution to the
 * one whose worker died. The latter's span is recorded here, because nobody else can. `undefined` when nothing is recorded.
 */
export function describeAttempt(carrier: TraceCarrier, node: Node, job: Job, claim: Claim): AttemptSpan | undefined {
  const run = isTracing() ? parseTraceparent(carrier.traceparent) : undefined;
  if (!run?.sampled) return undefined;
  const links: SpanIds[] = [];
  if (job.formerSpanId !== undefined) links.push({ ...run, spanId: job.formerSpanId });
  if (claim.formerToken !== undefined) {
    const lost = { ...run, spanId: attemptSpanId(claim.formerToken) };
    recordLostAttempt(run, lost.spanId, node, job, claim);
    links.push(lost);
  }
  return {
    spanId: attemptSpanId(claim.token),
    links,
    attributes: {
      ...(job.attempt > 1 && { 'millrace.node.attempt': job.attempt }),
      ...(claim.crashes > 0 && { 'millrace.node.crashes': claim.crashes }),
    },
  };
}

/** The span of an attempt whose worker died with it: from the earliest that it can have begun until now. */
function recordLostAttempt(run: SpanIds, spanId: string, node: Node, job: Job, claim: Claim): void {
  const now = Date.now();
  const span = startSpanWithIds({
    name: `node ${node.nodeType}`,
    kind: SpanKind.CONSUMER,
    spanId,
    parent: run,
    startTimeMs: Math.min(job.attempt === 1 ? claim.startedAtMs : job.readyAtMs, now),
    attributes: {
      'millrace.run.id': node.runId,
      'millrace.node.id': node.nodeId,
      'millrace.node.type': node.nodeType,
      ...(job.attempt > 1 && { 'millrace.node.attempt': job.attempt }),
    },
  });
  failSpan(span, 'worker_died');
  span.end(now);
}

import {
  SpanStatusCode,
  type Attributes,
  type AttributeValue,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  type TimeInput,
} from '@opentelemetry/api';
import type { tracing } from '@opentelemetry/sdk-node';

/** Where ended spans go, and what they all carry. */
export interface SpanSink {
  processor: Pick<tracing.SpanProcessor, 'onEnd'>;
  resource: tracing.ReadableSpan['resource'];
  scope: tracing.ReadableSpan['instrumentationScope'];
  /** Whether spans without a parent are all sampled; otherwise the SDK's sampler decides about them. */
  samplesRoots: boolean;
}

export interface RecordedSpanOptions {
  name: string;
  kind: SpanKind;
  spanContext: SpanContext;
  parentSpanContext?: SpanContext;
  /** Unix ms. Default: now. */
  startTimeMs?: number;
  attributes: Attributes;
  links: Link[];
}

/**
 * A span known to be sampled: nothing is left to decide, so it skips the SDK's sampler, sanitizing and limits. Every
 * node of a run makes two, and they cost a fraction this way.
 */
export class RecordedSpan implements Span, tracing.ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  readonly status: SpanStatus = { code: SpanStatusCode.UNSET };
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly resource;
  readonly instrumentationScope;
  readonly events: tracing.ReadableSpan['events'] = [];
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  ended = false;
  readonly #sink: SpanSink;
  readonly #context: SpanContext;
  readonly #begunMs = Date.now();
  readonly #began = performance.now();

  constructor(sink: SpanSink, options: RecordedSpanOptions) {
    this.#sink = sink;
    this.#context = options.spanContext;
    this.name = options.name;
    this.kind = options.kind;
    if (options.parentSpanContext) this.parentSpanContext = options.parentSpanContext;
    this.startTime = hrTimeOf(options.startTimeMs ?? this.#begunMs);
    this.attributes = options.attributes;
    this.links = options.links;
    this.resource = sink.resource;
    this.instrumentationScope = sink.scope;
  }

  get duration(): HrTime {
    const seconds = this.endTime[0] - this.startTime[0];
    const nanos = this.endTime[1] - this.startTime[1];
    return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos];
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.ended) this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (!this.ended) Object.assign(this.attributes, attributes);
    return this;
  }

  addEvent(name: string, attributes?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    if (typeof attributes !== 'object' || Array.isArray(attributes) || attributes instanceof Date) {
      this.events.push({ name, time: this.#hrTime(attributes) });
    } else this.events.push({ name, time: this.#hrTime(time), attributes });
    return this;
  }

  recordException(exception: string | { name?: string; message?: string }, time?: TimeInput): void {
    const { name, message } = typeof exception === 'string' ? { name: 'Error', message: exception } : exception;
    const attributes = { 'exception.type': name ?? 'Error', 'exception.message': message ?? '' };
    this.addEvent('exception', attributes, time);
  }

  addLink(link: Link): this {
    if (!this.ended) this.links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    if (!this.ended) this.links.push(...links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.ended) Object.assign(this.status, status);
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  end(time?: TimeInput): void {
    if (this.ended) return;
    this.endTime = this.#hrTime(time);
    this.ended = true;
    this.#sink.processor.onEnd(this);
  }

  /** Without a time: now, by the monotonic clock since the start, so that a clock set back makes no negative span. */
  #hrTime(time: TimeInput | undefined): HrTime {
    if (Array.isArray(time)) return time;
    if (time instanceof Date) return hrTimeOf(time.getTime());
    return hrTimeOf(time ?? this.#begunMs + performance.now() - this.#began);
  }
}

/** @param unixMs Unix ms, fractions allowed */
function hrTimeOf(unixMs: number): HrTime {
  const seconds = Math.floor(unixMs / 1000);
  return [seconds, Math.round((unixMs - seconds * 1000) * 1e6)];
}

import { createTraceState, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resources, type tracing } from '@opentelemetry/sdk-node';
import { RecordedSpan, type SpanSink } from './recorded-span.js';
import { encodeSpans } from './span-encoder.js';

const ended: tracing.ReadableSpan[] = [];
const sink: SpanSink = {
  processor: { onEnd: (span) => void ended.push(span) },
  resource: resources.resourceFromAttributes({ 'service.name': 'test', 'service.version': '1.0.0' }),
  scope: { name: 'millrace', version: '2' },
  samplesRoots: true,
};
const context = (digit: string, isRemote = false) => ({
  ...{ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1, isRemote },
});

function record(change: (span: RecordedSpan) => void, root = false, to = sink): void {
  const parent = root ? {} : { parentSpanContext: context('b', true) };
  const base = { name: 'node llm', kind: SpanKind.CONSUMER, attributes: {}, links: [] };
  const span = new RecordedSpan(to, { ...base, spanContext: context('a'), ...parent });
  change(span);
  span.end();
}

beforeEach(() => {
  ended.length = 0;
});

/** E1 */
function expectTheSame(): void {
  const theirs = ProtobufTraceSerializer.serializeRequest([...ended]);
  expect(Buffer.from(encodeSpans(ended)).toString('hex')).toBe(Buffer.from(theirs ?? []).toString('hex'));
}

describe('the encoder writes what the library writes (E1)', () => {
  it.each<[string, (span: RecordedSpan) => void]>([
    ['nothing in particular', () => undefined],
    ['names beyond ASCII', (span) => span.updateName('knoten größe 模型 🙂')],
    [
      'names of 127, 128 and 20,000 characters',
      (span) => {
        for (const length of [127, 128, 20_000]) span.setAttribute(`n${length}`, 'é'.repeat(length / 2));
      },
    ],
    [
      'attributes of every kind',
      (span) => {
        const numbers = {
          zero: 0,
          one: 1,
          big: 2 ** 31,
          safe: Number.MAX_SAFE_INTEGER,
          beyond: 2 ** 60,
          huge: 2 ** 80,
        };
        span.setAttributes({
          ...numbers,
          negative: -1,
          low: -(2 ** 40),
          half: 0.5,
          not: Number.NaN,
          yes: true,
          no: false,
        });
        span.setAttributes({ empty: '', list: ['a', 'b'], numbers: [1, 2.5], none: [], flags: [true, false] });
      },
    ],
    [
      'events',
      (span) => {
        span.addEvent('began').addEvent('went on', { step: 2 }, 1_790_000_000_123.5);
        span.recordException(new TypeError('broken'));
      },
    ],
    [
      'links',
      (span) => {
        span.addLink({ context: context('c', true), attributes: { why: 'retry' } });
        span.addLinks([{ context: { ...context('d'), traceState: createTraceState('k=v') } }]);
      },
    ],
    ['a failure', (span) => span.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' })],
    [
      'many of them',
      (span) => {
        for (let i = 0; i < 200; i++) span.setAttribute(`key ${i}`, `value ${i}`.repeat(i));
      },
    ],
  ])('%s', (_what, change) => {
    record(change);
    record(change, true);
    expectTheSame();
  });

  it('several resources and scopes', () => {
    record(() => undefined);
    record(() => undefined, false, { ...sink, scope: { name: 'other', schemaUrl: 'https://example.com/schema' } });
    record(() => undefined, false, { ...sink, resource: resources.resourceFromAttributes({ 'service.name': 'two' }) });
    expectTheSame();
  });

  it('a span of the SDK', async () => {
    const { tracing: sdk } = await import('@opentelemetry/sdk-node');
    const provider = new sdk.BasicTracerProvider({
      spanProcessors: [
        {
          ...sink.processor,
          onStart: () => undefined,
          forceFlush: async () => undefined,
          shutdown: async () => undefined,
        },
      ],
    });
    provider
      .getTracer('sdk')
      .startSpan('of the sdk', { attributes: { a: 1 } })
      .end();
    expect(ended).toHaveLength(1);
    expectTheSame();
  });
});

describe('a recorded span', () => {
  it('is final once it has ended', () => {
    record((span) => {
      span.end(1_790_000_000_000);
      span.setAttribute('late', 1).addEvent('late').setStatus({ code: SpanStatusCode.ERROR });
    });
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({ attributes: {}, events: [], status: { code: SpanStatusCode.UNSET } });
    expect(ended[0]?.endTime).toEqual([1_790_000_000, 0]);
  });

  it('ends after it began by the monotonic clock', () => {
    record(() => undefined);
    const [seconds = -1, nanos = -1] = ended[0]?.duration ?? [];
    expect(seconds).toBe(0);
    expect(nanos).toBeGreaterThanOrEqual(0);
  });
});

import {
  formatTraceparent,
  newSpanId,
  newTraceId,
  otelTraceIdOf,
  parsePublicTraceId,
  parseTraceparent,
} from './trace-ids.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('trace ids', () => {
  it('are random hex of the right length', () => {
    const ids = Array.from({ length: 1000 }, newTraceId);
    expect(new Set(ids).size).toBe(1000);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(newSpanId()).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    [`00-${traceId}-${spanId}-01`, { traceId, spanId, sampled: true }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
    [`cc-${traceId}-${spanId}-01-what-comes-later`, { traceId, spanId, sampled: true }],
    [`00-${traceId}-${spanId}-01-extra`, undefined],
    [`ff-${traceId}-${spanId}-01`, undefined],
    [`00-${'0'.repeat(32)}-${spanId}-01`, undefined],
    [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
    [`00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads traceparent %s', (text, expected) => {
    expect(parseTraceparent(text)).toEqual(expected);
  });

  it('writes what it reads', () => {
    const text = `00-${traceId}-${spanId}-01`;
    expect(formatTraceparent(parseTraceparent(text) ?? { traceId: '', spanId: '', sampled: false })).toBe(text);
  });

  it.each([
    ['order_1-A', 'order_1-A'],
    ['a'.repeat(128), 'a'.repeat(128)],
    ['a'.repeat(129), undefined],
    ['', undefined],
    ['a b', undefined],
    ['line\n', undefined],
    [7, undefined],
    [undefined, undefined],
  ])('takes the public trace id %p', (value, expected) => {
    expect(parsePublicTraceId(value)).toBe(expected);
  });

  it.each([
    [traceId, traceId],
    ['0AF76519-16CD-43DD-8448-EB211C80319C', traceId],
    ['0'.repeat(32), undefined],
    ['order-1', undefined],
    [`${traceId}0`, undefined],
  ])('is %s an OpenTelemetry trace id', (given, expected) => {
    expect(otelTraceIdOf(given)).toBe(expected);
  });
});

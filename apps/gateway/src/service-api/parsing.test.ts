import { ApiError, Float } from '@millrace/contracts';
import { compareEventIds } from '@millrace/contracts';
import { isAfter, parseEventId } from '../relay/event-id.js';
import { parseLogQuery } from './log-query.js';
import { checkTraceSessionId, traceIdHint } from './trace-request.js';
import { parseQueryUser, parseUser } from './user.js';

describe('user', () => {
  it.each([
    ['ann', 'ann'],
    [123, '123'],
    [1.5, '1.5'],
    [new Float(1), '1.0'],
    [new Float(1e20), '1e+20'],
    [12345678901234567890n, '12345678901234567890'],
    ['😀'.repeat(255), '😀'.repeat(255)],
  ])('%p becomes %p', (value, text) => expect(parseUser(value)).toBe(text));

  it.each([[undefined], [null], [''], [0], [new Float(0)], [false], [[]], [{}]])('%p counts as missing', (value) => {
    expect(() => parseUser(value)).toThrow('Arg user must be provided.');
  });

  it.each([[true], [['a']], [{ a: 1 }], ['x'.repeat(256)]])('%p is refused', (value) => {
    expect(() => parseUser(value)).toThrow(ApiError);
  });

  it('comes from a query too', () => {
    expect(parseQueryUser(['a', 'b'])).toBe('a');
    expect(() => parseQueryUser(undefined)).toThrow('Arg user must be provided.');
  });
});

describe('event ids', () => {
  it.each(['1-1', '12-0', ' 1-2 '])('%p is well-formed', (id) => expect(parseEventId(id)).toBe(id.trim()));
  it.each([undefined, '', '1', '1-', '-1', '1-1-1', 'a-1', '1-9999999999999999'])('%p is malformed', (id) => {
    expect(parseEventId(id)).toBeUndefined();
  });
  it('compare by epoch, then by number', () => {
    expect(['2-1', '1-10', '1-9'].sort(compareEventIds)).toEqual(['1-9', '1-10', '2-1']);
    expect([isAfter('1-1', undefined), isAfter('1-1', '1-1'), isAfter('2-1', '1-9')]).toEqual([true, false, true]);
  });
});

describe('trace id', () => {
  it('takes the first source that is not empty', () => {
    const sources = { headers: { 'x-trace-id': '' }, query: { trace_id: '' }, body: { trace_id: 'b' } };
    expect(traceIdHint(sources)).toBe('b');
    expect(traceIdHint({ ...sources, query: { trace_id: 'q' } })).toBe('q');
    expect(traceIdHint({ ...sources, query: { trace_id: ['q', 'r'] } })).toBe('q');
    expect(traceIdHint({ headers: {}, query: {}, body: {} })).toBeUndefined();
  });
});

describe('trace_session_id', () => {
  const text = 'trace_session_id must be 1 to 200 characters after trimming.';
  it.each<[Partial<Parameters<typeof checkTraceSessionId>[0]>, string | null]>([
    [{}, null],
    [{ body: { trace_session_id: null } }, null],
    [{ body: { trace_session_id: ` ${'😀'.repeat(200)} ` } }, null],
    [{ body: { trace_session_id: '😀'.repeat(201) } }, text],
    [{ body: { trace_session_id: '' } }, text],
    [{ body: { trace_session_id: 5 } }, 'trace_session_id must be a string.'],
    [{ query: { trace_session_id: ['q', ''] }, body: { trace_session_id: 5 } }, null],
    [{ headers: { 'x-trace-session-id': ' ' }, query: { trace_session_id: 'q' } }, text],
  ])('%j', (sources, message) => {
    const check = () => checkTraceSessionId({ headers: {}, query: {}, body: {}, ...sources });
    if (message === null) expect(check).not.toThrow();
    else expect(check).toThrow(message);
  });
});

describe('log query', () => {
  it('has defaults', () => expect(parseLogQuery({})).toEqual({ page: 1, limit: 20 }));

  it.each([
    ['2026-02-03T04:05:06Z', Date.UTC(2026, 1, 3, 4, 5, 6)],
    ['2026-02-03T04:05:06', Date.UTC(2026, 1, 3, 4, 5, 6)],
    ['2026-02-03 04:05', Date.UTC(2026, 1, 3, 4, 5)],
    ['2026-02-03', Date.UTC(2026, 1, 3)],
    ['2026-02-03T04:05:06.5+01:00', Date.UTC(2026, 1, 3, 3, 5, 6, 500)],
    // A `+` in a query string arrives as a blank.
    ['2026-02-03T04:05:06 01:00', Date.UTC(2026, 1, 3, 3, 5, 6)],
    ['2026-02-03T04:05:06.000Z', Date.UTC(2026, 1, 3, 4, 5, 6)],
    ['2026-02-03t04:05:06z', Date.UTC(2026, 1, 3, 4, 5, 6)],
    ['2026-02-03T04:05:06+0100', Date.UTC(2026, 1, 3, 3, 5, 6)],
    ['2026-02-03T04:05:06+01', Date.UTC(2026, 1, 3, 3, 5, 6)],
    ['2026-02-03T04+01', Date.UTC(2026, 1, 3, 3)],
    ['2026-02-03T04:05:06 01', Date.UTC(2026, 1, 3, 3, 5, 6)],
    ['20260203T040506,5Z', Date.UTC(2026, 1, 3, 4, 5, 6, 500)],
    ['2026-02', Date.UTC(2026, 1, 1)],
  ])('reads the time %s', (text, ms) => {
    expect(parseLogQuery({ created_at__before: text, created_at__after: text })).toMatchObject({
      beforeMs: /[.,]5/.test(text) ? ms : ms + 999,
      afterMs: ms,
    });
  });

  it.each([
    { created_at__after: '2026-13-01' },
    { created_at__before: '2026-02-30' },
    { created_at__before: '1795689000' },
    { created_at__before: '2026-02-03T04:05:06+25' },
    { page: '100000' },
    { limit: '0' },
    { status: 'paused' },
  ])('refuses %p', (query) => {
    expect(() => parseLogQuery(query)).toThrow(ApiError);
  });
});

import { nodeExecution, runDetail, type NodeExecution } from '../api/shapes.js';
import { plain, safe, type Paint } from '../output.js';
import { nodeReport, priceOf, runReport } from './run-report.js';
import { tableLines } from './table.js';
import { cut, durationText, stringWidth, timeText } from './texts.js';
import { barOf, timelineLines } from './timeline.js';

const named: Paint = (style, text) => `<${style}>${text}</${style}>`;

describe('texts', () => {
  it.each([
    [7, '7 ms'],
    [1240, '1.24 s'],
    [12_345, '12.3 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
  ])('%p ms', (ms, text) => expect(durationText(ms)).toBe(text));

  it('are cut by columns, and say so', () => {
    expect(cut('short', 5)).toBe('short');
    expect(cut('longer', 5)).toBe('long…');
    expect(cut('漢字漢字', 5)).toBe('漢字…');
    expect(cut('a\n  b', 9)).toBe('a b');
  });

  it('cannot command the terminal', () => {
    expect(safe('a\u001b[2Jb\u0007\u001b]0;title\u0007c\td\ne')).toBe('abc\td\ne');
    expect(cut('\u001b[31mred\r', 10)).toBe('red');
  });

  it('name times in UTC', () => expect(timeText(1_795_600_000)).toBe('2026-11-25 09:46:40'));
});

describe('table', () => {
  const rows = [
    { name: 'a long name of an app', n: 5 },
    { name: 'b\nc', n: 12 },
  ];
  const columns = [
    { title: 'NAME', value: ({ name }: { name: string }) => name, shrinks: true },
    { title: 'N', value: ({ n }: { n: number }) => String(n), right: true },
  ];
  it('aligns its columns', () => {
    expect(tableLines(columns, rows, 80, plain)).toEqual([
      'NAME                    N',
      'a long name of an app   5',
      'b c                    12',
    ]);
  });
  it('shrinks what may shrink', () => {
    const lines = tableLines(columns, rows, 16, plain);
    expect(lines).toEqual(['NAME           N', 'a long name…   5', 'b c           12']);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBe(16);
  });
});

const node = (change: Partial<NodeExecution>): NodeExecution =>
  nodeExecution.parse({ id: 'x', node_id: 'n', node_type: 'code', title: 'N', status: 'succeeded', ...change });

describe('time line', () => {
  it.each([
    [0, 1, '██████████'],
    [0.5, 1, '     █████'],
    [0, 0.25, '██▌       '],
    [1, 1, '         ▏'],
    [0.3, 0.3, '   ▏      '],
    [0.95, 1, '         ▌'],
    [0.9, 1, '         █'],
  ])('a bar from %p to %p', (from, to, bar) => expect(barOf(from, to, 10)).toBe(bar));

  it('places nodes on one scale; who runs runs until now', () => {
    const nodes = [
      node({ title: 'Start', started_at_ms: 1000, finished_at_ms: 1500 }),
      node({ title: 'Ask', started_at_ms: 1500, finished_at_ms: 2000, execution_metadata: { total_tokens: 34 } }),
      node({ title: 'Wait', started_at_ms: 2000, status: 'running' }),
    ];
    expect(timelineLines(nodes, 56, 3000, plain)).toEqual([
      expect.stringMatching(/^ {2}Start █+▊? +500 ms$/),
      expect.stringMatching(/^ {2}Ask {5}▏? *█.*500 ms {2}34 tokens$/),
      expect.stringMatching(/^ {2}Wait {2} +█+▌ +1\.00 s {2}running$/),
    ]);
  });

  it('shows retries, and nodes inside containers', () => {
    const lines = timelineLines(
      [
        node({ title: 'Call', status: 'retry', retry_index: 1, created_at: 1, elapsed_time: 0.5 }),
        node({ title: 'Inside', iteration_id: 'i', created_at: 1, elapsed_time: 1 }),
      ],
      100,
      9000,
      plain,
    );
    expect(lines[0]).toMatch(/^ {2}Call .* 500 ms {2}retry 1$/);
    expect(lines[1]).toMatch(/^ {4}Inside /);
  });
});

describe('report of a run', () => {
  const run = runDetail.parse({
    ...{ id: 'r', status: 'failed', error: 'It broke.', elapsed_time: 1.5, total_tokens: 10, total_steps: 3 },
    ...{ created_at: 1_795_600_000, finished_at: 1_795_600_002, app_id: 'a', task_id: 't', trace_id: 'order-7' },
    ...{ otel_trace_id: 'f'.repeat(32), created_by_end_user: { session_id: 'me' } },
    inputs: { text: 'x'.repeat(200), 'sys.user_id': 'me' },
    outputs: {},
  });
  const options = { width: 60, nowMs: 0, paint: plain, full: false };
  const priced = node({
    execution_metadata: { total_tokens: 10, total_price: '0.0000123', currency: 'USD' },
    error: 'No.',
  });

  it('tells all there is', () => {
    const text = runReport(run, [priced, priced], options).join('\n');
    for (const part of [
      'failed, 1.50 s',
      '2026-11-25 09:46:40 UTC',
      `order-7, ${'f'.repeat(32)}`,
      '3 steps, 10 tokens',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain('0.0000246 USD');
    expect(text).toMatch(/errors\n {2}It broke\.\n {2}N: No\./);
    expect(text).not.toContain('sys.user_id');
    expect(text).not.toContain('outputs');
  });

  it('marks a value that is cut, and shows it in full when asked', () => {
    const line = (full: boolean) => runReport(run, [], { ...options, full }).join('\n');
    expect(line(false)).toMatch(/text: x+…/);
    expect(line(true)).toContain('x'.repeat(200));
    expect(line(true)).not.toContain('…');
  });

  it('adds prices by currency', () => {
    const price = (total_price: string, currency: string) => node({ execution_metadata: { total_price, currency } });
    expect(priceOf([price('0.1', 'USD'), price('0.2', 'USD'), price('1', 'RMB'), node({})])).toEqual([
      '0.3 USD',
      '1 RMB',
    ]);
  });

  it('tells of one node', () => {
    const text = nodeReport(node({ inputs: { a: 1 }, outputs: { b: 'two' } }), options).join('\n');
    expect(text).toMatch(/inputs\n {2}a: 1\n\noutputs\n {2}b: two/);
  });

  it('is coloured only by its paint', () => {
    expect(runReport(run, [], { ...options, paint: named }).join('\n')).toContain('<red>failed</red>');
  });
});

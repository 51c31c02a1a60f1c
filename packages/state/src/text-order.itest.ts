import type { RunState, StreamTable } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { createRunEvents } from './run-events.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

let redis: Redis;
let state: RunState;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

interface ChunkEvent {
  event: 'text_chunk';
  data: { text: string; from_variable_selector: string[] };
}

/** Texts of the chunks so far, with the number of their selector. */
async function chunks(run: RunFixture): Promise<string[]> {
  const [events = []] = await createRunEvents(redis).ranges([{ run: run.context }]);
  return events
    .map(({ event }) => JSON.parse(event) as string | ChunkEvent | { event: 'node_started' | 'node_finished' })
    .flatMap((event) =>
      typeof event === 'string' || event.event !== 'text_chunk'
        ? []
        : [`${event.data.from_variable_selector.join('.')}=${event.data.text}`],
    );
}

const newline = { text: '\n', selector: '["end","answer"]' };
/** start 0 → a 1, b 2 → end 3, which lists a.text, then b.text. */
const twoModels: StreamTable = {
  ends: [
    {
      node: 3,
      paths: [[]],
      segments: [{ sel: 0, node: 1, selector: '["a","text"]' }, newline, { sel: 1, node: 2, selector: '["b","text"]' }],
    },
  ],
};

function emitter(run: RunFixture, node: number, token: string, sel: number) {
  let piece = 0;
  return (text: string, final = false) =>
    state.emit({
      ...{ ...run.context, address: { frame: 0, node }, token, sel },
      ...{ text: JSON.stringify(text), piece: ++piece, final },
    });
}

describe('text of parallel models (dsl 5.3)', () => {
  it('keeps the order of the template: the first streams live, the second is held back', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const [a, b] = [await run.claim(1), await run.claim(2)];
    const [emitA, emitB] = [emitter(run, 1, a.token, 0), emitter(run, 2, b.token, 1)];
    await emitB('b1"é');
    await emitA('a1');
    await emitB('b2');
    expect(await chunks(run)).toEqual(['a.text=a1']);
    await run.settle(1, a.token, { take: [[3, 2, -1]] }, { closes: [0] });
    expect(await chunks(run)).toEqual(['a.text=a1', 'a.text=', 'end.answer=\n', 'b.text=b1"éb2']);
    await emitB('b3');
    await run.settle(2, b.token, { take: [[3, 2, -1]] }, { closes: [1] });
    expect((await chunks(run)).slice(4)).toEqual(['b.text=b3', 'b.text=']);
  });

  it('streams a text that several segments list once for each, whole, whatever attempts came before', async () => {
    const shared = { sel: 0, node: 1, selector: '["a","text"]', shared: true as const };
    const stream: StreamTable = {
      ends: [
        { node: 2, paths: [[]], segments: [shared, newline, shared] },
        { node: 3, paths: [[]], segments: [shared] },
      ],
    };
    const run = new RunFixture(state, { stream });
    await run.start();
    await run.run(0, { take: [[1, 1, -1]] });
    const first = await run.claim(1, { streams: [0] });
    await emitter(run, 1, first.token, 0)('lost "é"');
    expect(await chunks(run)).toEqual(['a.text=lost "é"']);
    await run.settle(1, first.token, {}, { outcome: 'retry' });
    const { token } = await run.claim(1, { attempt: 2, streams: [0] });
    const emit = emitter(run, 1, token, 0);
    await emit('x"é');
    await emit('y');
    expect((await chunks(run)).slice(1)).toEqual(['a.text=x"é', 'a.text=y']);
    const ends = { take: [[2, 1, -1] as const, [3, 1, -1] as const].map(([...entry]) => entry) };
    await run.settle(1, token, ends, { attempt: 2, closes: [0] });
    const again = ['a.text=x"éy', 'a.text='];
    expect((await chunks(run)).slice(3)).toEqual(['a.text=', 'end.answer=\n', ...again, ...again]);
  });

  it('tells reasoning of nodes that a reached End node shows, apart from the order', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const { token } = await run.claim(2);
    const claim = { ...run.context, address: { frame: 0, node: 2 }, token };
    const chunk = { event: 'text_chunk', data: { text: 'why', from_variable_selector: ['thought'] } };
    const reason = { ...claim, event: JSON.stringify(chunk), piece: 1, shownBy: [1] };
    expect(await state.reason({ ...reason, token: 'other' })).toBe('stale');
    expect(await state.reason(reason)).toBe('ok');
    expect(await state.reason(reason)).toBe('ok');
    expect(await state.reason({ ...reason, piece: 2, shownBy: [7] })).toBe('ok');
    expect(await chunks(run)).toEqual(['thought=why']);
    await run.run(1, { take: [[3, 2, -1]] }, { values: [[0, '"a"']] });
    await state.emit({ ...claim, sel: 1, text: '"b"', piece: 3, final: true });
    expect(await state.reason({ ...reason, piece: 4 })).toBe('ok');
    expect((await chunks(run)).at(-1)).toBe('b.text=');
  });

  it('emits the value of a node that did not stream in one piece, before its node_finished', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    await run.run(2, { take: [[3, 2, -1]] }, { values: [[1, '"two"']] });
    expect(await chunks(run)).toEqual([]);
    await run.run(1, { take: [[3, 2, -1]] }, { values: [[0, '""']] });
    expect(await chunks(run)).toEqual(['a.text=', 'end.answer=\n', 'b.text=two']);
  });

  it('emits what exists from the beginning right after workflow_started', async () => {
    const stream: StreamTable = {
      ends: [{ node: 1, paths: [[]], segments: [{ sel: 0, node: -1, selector: '["sys","user_id"]' }] }],
    };
    const run = new RunFixture(state, { stream, values: [[0, '"me"']] });
    await run.start();
    expect(await chunks(run)).toEqual(['sys.user_id=me']);
  });

  it('passes over variables of skipped nodes and of values that never came', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, { take: [[2, 1, -1]], skip: [[1, 1, -1]], below: { 1: [[3, 2, -1]] } });
    expect(await chunks(run)).toEqual(['end.answer=\n']);
    await run.run(2, { take: [[3, 2, -1]] });
    await run.run(3, {}, { isEnd: true });
    expect(await chunks(run)).toEqual(['end.answer=\n']);
  });

  it('waits for the branch decision when every path has a blocking edge (dsl 5.2)', async () => {
    const stream: StreamTable = {
      ends: [{ node: 2, paths: [[4]], segments: [{ sel: 0, node: 0, selector: '["n0","v"]' }] }],
    };
    const run = new RunFixture(state, { stream });
    await run.start();
    await run.run(0, { take: [[1, 1, -1]] }, { values: [[0, '"x"']] });
    expect(await chunks(run)).toEqual([]);
    await run.run(1, { take: [[2, 1, 4]] });
    expect(await chunks(run)).toEqual(['n0.v=x']);
  });

  it('streams End nodes reached by one settlement in the order of its edges (dsl 5.2)', async () => {
    const showing = (node: number, edge: number) => ({
      ...{ node, paths: [[edge]], segments: [{ sel: node, node: 0, selector: `["n0","v${node}"]` }] },
    });
    const run = new RunFixture(state, { stream: { ends: [showing(1, 5), showing(2, 4), showing(3, 6)] } });
    await run.start();
    const take: [number, number, number][] = [
      [2, 1, 4],
      [3, 1, 6],
      [1, 1, 5],
    ];
    const values = [1, 2, 3].map((node): [number, string] => [node, `"${node}"`]);
    await run.run(0, { take }, { values });
    expect(await chunks(run)).toEqual(['n0.v2=2', 'n0.v3=3', 'n0.v1=1']);
  });

  it('takes a piece once, however often it is sent', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const { token } = await run.claim(1);
    const piece = {
      ...run.context,
      address: { frame: 0, node: 1 },
      token,
      sel: 0,
      text: '"a"',
      piece: 1,
      final: false,
    };
    await state.emit(piece);
    await state.emit(piece);
    expect(await chunks(run)).toEqual(['a.text=a']);
  });

  it('owes a node_retry when a node was handed back in the middle of its text', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const first = await run.claim(1, { streams: [0] });
    await emitter(run, 1, first.token, 0)('half');
    await run.settle(1, first.token, {}, { outcome: 'release' });
    expect(await run.claim(1, { streams: [0] })).toMatchObject({ streamed: true, crashes: 0 });
  });

  it('shows the replacement whole where the attempt before had streamed what no client saw', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const first = await run.claim(2, { streams: [1] });
    await emitter(run, 2, first.token, 1)('unseen');
    await run.settle(2, first.token, {}, { outcome: 'retry' });
    const { token } = await run.claim(2, { attempt: 2, streams: [1] });
    await run.settle(2, token, { take: [[3, 2, -1]] }, { attempt: 2, closes: [1], values: [[1, '"spare"']] });
    await run.run(1, { take: [[3, 2, -1]] }, { values: [[0, '"a"']] });
    expect(await chunks(run)).toEqual(['a.text=a', 'end.answer=\n', 'b.text=spare']);
  });

  it('discards held-back text of a crashed attempt', async () => {
    const run = new RunFixture(state, { stream: twoModels });
    await run.start();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const first = await run.claim(2, { streams: [1] });
    await emitter(run, 2, first.token, 1)('lost');
    const second = await run.claim(2, { streams: [1] });
    expect(second.streamed).toBe(false);
    expect(await emitter(run, 2, first.token, 1)('zombie')).toBe('stale');
    await emitter(run, 2, second.token, 1)('kept');
    await run.settle(2, second.token, { take: [[3, 2, -1]] }, { closes: [1] });
    await run.run(1, { take: [[3, 2, -1]] }, { values: [[0, '"a"']] });
    expect(await chunks(run)).toEqual(['a.text=a', 'end.answer=\n', 'b.text=kept', 'b.text=']);
  });
});

describe('a run that would stream more than it may', () => {
  const error = /^Aborted: Maximum size of streamed text exceeded: \d+ > 1000 bytes of events$/;
  const over = { decided: { status: 'failed', error: expect.stringMatching(error) as string } };
  const limited = { maxStreamedBytes: 1_000 };
  const value = { sel: 0, node: 0, selector: '["a","v"]', shared: true as const };
  /** One value, shown a hundred times. */
  const often: StreamTable = { ends: [{ node: 1, paths: [[]], segments: Array.from({ length: 100 }, () => value) }] };

  it('fails with the node whose value was too much, and emits nothing after the last chunk that fitted', async () => {
    const run = new RunFixture(state, { ...limited, stream: often });
    await run.start();
    const { token } = await run.claim(0);
    const settled = await run.settle(0, token, { take: [[1, 1, -1]] }, { values: [[0, `"${'x'.repeat(300)}"`]] });
    expect(settled).toMatchObject({ ready: [], ...over });
    expect(await chunks(run)).toHaveLength(2);
    expect(await run.begin(1)).toEqual({ kind: 'gone' });
  });

  it('fails when a model writes on', async () => {
    const run = new RunFixture(state, { ...limited, stream: twoModels });
    await run.start();
    await run.run(0, { take: [[1, 1, -1]] });
    const { token } = await run.claim(1);
    const emit = emitter(run, 1, token, 0);
    expect(await emit('x'.repeat(500))).toBe('ok');
    expect(await emit('x'.repeat(500))).toMatchObject({ ...over.decided, running: [{ node: 1 }] });
    expect(await emit('x')).toBe('stale');
    expect(await chunks(run)).toHaveLength(1);
  });

  it('counts reasoning too', async () => {
    const run = new RunFixture(state, { ...limited, stream: twoModels });
    await run.start();
    await run.run(0, { take: [[1, 1, -1]] });
    const { token } = await run.claim(1);
    const claim = { ...run.context, address: { frame: 0, node: 1 }, token };
    const event = JSON.stringify({ event: 'reasoning_chunk', data: { reasoning: 'x'.repeat(600) } });
    expect(await state.reason({ ...claim, event, piece: 1, shownBy: [7] })).toBe('ok');
    expect(await state.reason({ ...claim, event, piece: 2, shownBy: [0] })).toBe('ok');
    expect(await state.reason({ ...claim, event, piece: 3, shownBy: [0] })).toMatchObject(over.decided);
  });

  it('fails with the next node that moves the stream when values that were there at the start are too much', async () => {
    const values: [number, string][] = [[0, `"${'x'.repeat(300)}"`]];
    const run = new RunFixture(state, { ...limited, stream: often, values });
    await run.start();
    expect(await chunks(run)).toHaveLength(2);
    expect(await run.settle(0, (await run.claim(0)).token, {})).toMatchObject(over);
    expect(await chunks(run)).toHaveLength(2);
  });
});

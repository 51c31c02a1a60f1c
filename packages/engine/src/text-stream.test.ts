import type { DecidedRun, EmitRequest, ReasonRequest } from '@millrace/contracts';
import { createTextStream } from './text-stream.js';

const claim = { runId: 'r', shard: 0, address: { frame: 0, node: 1 }, token: 't' };
const fail = (error: Error): void => {
  throw error;
};

const finish = async () => undefined;

function recorder(order: string[] = []) {
  const sent: EmitRequest[] = [];
  const reasons: ReasonRequest[] = [];
  const state = {
    emit: (request: EmitRequest) => {
      order.push('emit');
      sent.push(request);
      return Promise.resolve('ok' as const);
    },
    reason: (request: ReasonRequest) => {
      reasons.push(request);
      return Promise.resolve('ok' as const);
    },
  };
  return { sent, reasons, state };
}

describe('text stream', () => {
  it('sends the first piece at once and gathers what follows', async () => {
    const { sent, state } = recorder();
    const order: string[] = [];
    const stream = createTextStream({
      claim,
      selectors: new Map([['text', 3]]),
      ...{ state, finish },
      beforeFirst: () => order.push('first'),
      onError: fail,
    });
    for (const piece of ['a', 'b', 'c"']) stream.write('text', piece);
    expect(sent.map(({ text }) => text)).toEqual(['"a"']);
    await stream.end();
    expect(sent.map(({ sel, text }) => [sel, text])).toEqual([
      [3, '"a"'],
      [3, '"bc\\""'],
    ]);
    expect(order).toEqual(['first']);
  });

  it('tells reasoning apart from the text, with a last piece', async () => {
    const { sent, reasons, state } = recorder();
    const options = {
      claim,
      selectors: new Map([['text', 3]]),
      state,
      finish,
      beforeFirst: () => undefined,
      onError: fail,
    };
    const event = (text: string, isFinal: boolean) => `${text}|${isFinal}`;
    const stream = createTextStream({ ...options, reasoning: { event, shownBy: [3] } });
    for (const piece of ['a', 'b']) stream.write('reasoning_content', piece);
    stream.write('text', 'c');
    await stream.end();
    expect(reasons.map((each) => [each.event, each.piece, each.shownBy])).toEqual([
      ['a|false', 1, [3]],
      ['b|false', 2, [3]],
      ['|true', 4, [3]],
    ]);
    expect(sent).toMatchObject([{ sel: 3, text: '"c"', piece: 3 }]);
    const silent = createTextStream(options);
    silent.write('reasoning_content', 'a');
    await silent.end();
    expect(reasons).toHaveLength(3);
  });

  it('sends a long piece without waiting', () => {
    const { sent, state } = recorder();
    const stream = createTextStream({
      claim,
      selectors: new Map([['text', 0]]),
      ...{ state, finish },
      beforeFirst: () => undefined,
      onError: fail,
      maxLength: 4,
    });
    stream.write('text', 'a');
    stream.write('text', 'bcde');
    expect(sent).toHaveLength(2);
    return stream.end();
  });

  it('finishes a run that has streamed more than it may', async () => {
    const { state } = recorder();
    const ended: unknown[] = [];
    const decided = { status: 'failed' } as DecidedRun;
    const stream = createTextStream({
      claim,
      selectors: new Map([['text', 0]]),
      state: { ...state, emit: async () => decided },
      finish: async (run) => void ended.push(run),
      beforeFirst: () => undefined,
      onError: fail,
    });
    stream.write('text', 'a');
    await stream.end();
    expect(ended).toEqual([decided]);
  });

  it('sends nothing of outputs that no End node shows', async () => {
    const { sent, state } = recorder();
    const stream = createTextStream({
      claim,
      selectors: new Map(),
      ...{ state, finish },
      beforeFirst: () => undefined,
      onError: fail,
    });
    stream.write('text', 'a');
    await stream.end();
    expect(sent).toEqual([]);
  });
});

import fc from 'fast-check';
import { compilePlan } from './compile.js';
import { isBranch } from './node-config.js';
import type { Plan, PlanNode } from './plan.js';
import { RunModel } from './run-model.js';
import { StreamModel, type Chunk } from './stream-model.js';
import { branchHandles, createRandom, randomWorkflow } from './testing/random-graph.js';

/** The whole run of a random plan, with every choice taken from `random`. */
interface Trace {
  plan: Plan;
  model: RunModel;
  begun: number[];
  /** Handle each completed node chose, in the order of completion. */
  handles: Map<number, string>;
  chunks: Chunk[];
}

function planOf(seed: number): Plan {
  // An output from beside its End node would stream or not, depending on which is done first.
  const result = compilePlan(randomWorkflow(seed, { strayOutputs: false }), { supportedTypes: new Set() });
  if (!result.ok) throw new Error(result.error);
  return result.plan;
}

function choose<T>(random: () => number, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

const handleOf = (node: PlanNode, random: () => number): string =>
  node.type === 'if-else'
    ? choose(random, branchHandles)
    : isBranch(node)
      ? choose(random, ['source', 'fail-branch'])
      : 'source';

const valueOf = (plan: Plan, node: number): string => `<${plan.nodes[node]?.id}>`;

function run(seed: number, { failures = 0, retries = 0 } = {}): Trace {
  const plan = planOf(seed);
  const random = createRandom(seed ^ 0x5eed);
  const model = new RunModel(plan);
  const stream = new StreamModel(plan.stream);
  const trace: Trace = { plan, model, begun: [], handles: new Map(), chunks: stream.start() };
  const ready = model.start();
  const running: number[] = [];
  while (ready.length + running.length > 0 && !model.ended) {
    if (ready.length > 0 && (running.length === 0 || random() < 0.5)) {
      const index = choose(random, ready);
      ready.splice(ready.indexOf(index), 1);
      expect(model.begin(index)).toBe(true);
      expect(model.begin(index)).toBe(false);
      running.push(index);
      trace.begun.push(index);
      continue;
    }
    const index = choose(random, running);
    const node = plan.nodes[index];
    if (!node) throw new Error('unknown node');
    const streams = node.type === 'llm' ? node.streams.map(({ sel }) => sel) : [];
    if (random() < 0.5) {
      // A piece of text before the node is done; the rest comes with its last piece.
      for (const sel of streams) trace.chunks.push(...stream.append(sel, '', false));
      if (random() < 0.7) continue;
    }
    running.splice(running.indexOf(index), 1);
    const fate = random();
    if (fate < failures || fate < failures + retries) {
      const outcome = fate < failures ? 'failed' : 'retry';
      ready.push(...model.settle(index, { outcome }).ready);
      continue;
    }
    const handle = handleOf(node, random);
    trace.handles.set(index, handle);
    for (const sel of streams) trace.chunks.push(...stream.append(sel, valueOf(plan, index), random() < 0.5));
    const settled = model.settle(index, { outcome: 'done', handle });
    ready.push(...settled.ready);
    const values = node.streams.map(({ sel }): [number, string] => [sel, valueOf(plan, index)]);
    trace.chunks.push(
      ...stream.settle({ node: index, taken: settled.taken, skipped: settled.skipped, values, closes: streams }),
    );
    expect(model.settle(index, { outcome: 'done', handle })).toMatchObject({ ready: [], skipped: [], taken: [] });
  }
  return trace;
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('RunModel', () => {
  it('every node ends done or skipped exactly once, by its incoming edges, and the run ends', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { plan, model, begun, handles } = run(seed);
        expect(model.ended).toBe(true);
        expect(new Set(begun).size).toBe(begun.length);
        const isTaken = (edge: Plan['edges'][number]): boolean => {
          const source = plan.nodes[edge.source];
          return (
            source !== undefined &&
            handles.has(edge.source) &&
            (!isBranch(source) || handles.get(edge.source) === edge.handle)
          );
        };
        for (const node of plan.nodes) {
          const runs = node === plan.root || node.in.some(isTaken);
          expect([node.id, model.state(node.index)]).toEqual([node.id, runs ? 'done' : 'skipped']);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('never begins a node before all its predecessors are settled', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = planOf(seed);
        const random = createRandom(seed);
        const model = new RunModel(plan);
        const ready = model.start();
        while (ready.length > 0) {
          const index = choose(random, ready);
          ready.splice(ready.indexOf(index), 1);
          const before = plan.nodes[index]?.in.map((edge) => model.state(edge.source)) ?? [];
          expect(before.filter((state) => state !== 'done' && state !== 'skipped')).toEqual([]);
          model.begin(index);
          ready.push(
            ...model.settle(index, { outcome: 'done', handle: handleOf(plan.nodes[index] as PlanNode, random) }).ready,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a failure ends the run at once; a retry runs the node again', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { plan, model } = run(seed, { failures: 0.1, retries: 0.2 });
        const states = plan.nodes.map(({ index }) => model.state(index));
        expect(model.ended).toBe(true);
        expect(states.filter((state) => state === 'failed').length).toBeLessThanOrEqual(1);
        if (!states.includes('failed'))
          expect(states.every((state) => state === 'done' || state === 'skipped')).toBe(true);
        for (const { index } of plan.nodes) {
          expect(model.begin(index)).toBe(false);
          expect(model.settle(index, { outcome: 'done' }).ready).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Ends reached, in order, found by walking from the root over edges that are taken or do not block, edge after edge (dsl 5.2). */
function reachedEnds({ plan, handles }: Trace): number[] {
  const blocks = (node: PlanNode): boolean => isBranch(node) || node.kind === 'response';
  const passable = new Set(plan.edges.filter(({ source }) => !blocks(plan.nodes[source] as PlanNode)));
  const order: number[] = [];
  const look = (): void => {
    const seen = new Set([plan.root.index]);
    for (const index of seen)
      for (const edge of plan.nodes[index]?.out ?? []) if (passable.has(edge)) seen.add(edge.target);
    for (const end of plan.stream.ends) if (seen.has(end.node) && !order.includes(end.node)) order.push(end.node);
  };
  look();
  for (const [index, handle] of handles) {
    const node = plan.nodes[index] as PlanNode;
    for (const edge of blocks(node) ? node.out : []) {
      if (isBranch(node) && edge.handle !== handle) continue;
      passable.add(edge);
      look();
    }
  }
  return order;
}

/** Whether End nodes name only nodes that lie before them in the plan (in the file they do). */
function outputsComeFirst(plan: Plan): boolean {
  return plan.stream.ends.every((end) => {
    const before = new Set([end.node]);
    for (const index of before) for (const edge of plan.nodes[index]?.in ?? []) before.add(edge.source);
    return end.segments.every((segment) => 'text' in segment || before.has(segment.node));
  });
}

describe('StreamModel', () => {
  it('streams every reached End, one after the other, in the order of its outputs', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const trace = run(seed);
        const { plan, model, chunks } = trace;
        fc.pre(outputsComeFirst(plan));
        const expected = reachedEnds(trace).flatMap((index) => {
          const end = plan.stream.ends.find((each) => each.node === index);
          return (end?.segments ?? []).map((segment) => {
            if ('text' in segment) return segment.text;
            return model.state(segment.node) === 'done' ? valueOf(plan, segment.node) : '';
          });
        });
        expect(chunks.map(({ text }) => text).join('')).toBe(expected.join(''));
      }),
      { numRuns: 1500 },
    );
  });
});

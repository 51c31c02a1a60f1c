import { newId, type NodeJob, type RunState, type StreamTable } from '@millrace/contracts';
import {
  branchHandles,
  compilePlan,
  createRandom,
  edgeTable,
  randomWorkflow,
  RunModel,
  StreamModel,
  type Chunk,
  type Plan,
} from '@millrace/graph';
import { freshRedis } from '@millrace/testing';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { createRunEvents } from './run-events.js';
import { createRunState } from './run-state.js';
import { chunkPrefix, RunFixture } from './testing/run-fixture.js';

let redis: Redis;
let state: RunState;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

function planOf(seed: number): Plan {
  const types = new Set(['start', 'end', 'if-else', 'code', 'llm', 'template-transform', 'trigger-webhook']);
  const compiled = compilePlan(randomWorkflow(seed), { supportedTypes: types });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const chunkOf = (event: string): Chunk[] => {
  const parsed = JSON.parse(event) as
    string | { event: string; data: { text: string; from_variable_selector: string[] } };
  if (typeof parsed === 'string' || parsed.event !== 'text_chunk') return [];
  return [{ text: parsed.data.text, selector: JSON.stringify(parsed.data.from_variable_selector) }];
};

const sizeOf = ({ text, selector }: Chunk): number =>
  `${chunkPrefix}${JSON.stringify(text)},"from_variable_selector":${selector}}}`.length;

/** Runs a random graph in Redis and in the model side by side, in a random order of completion. */
async function compare(seed: number): Promise<void> {
  const plan = planOf(seed);
  const random = createRandom(seed ^ 0x5eed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const stream: StreamTable = plan.stream;
  const maxStreamedBytes = random() < 0.3 ? Math.floor(random() * 1_000) : 1_000_000;
  const run = new RunFixture(state, { stream, root: plan.root.index, maxStreamedBytes });
  const model = new RunModel(plan);
  const texts = new StreamModel(stream, maxStreamedBytes, sizeOf);
  const expected = texts.start();
  await run.start();
  let ended = false;
  let ready: Pick<NodeJob, 'node' | 'attempt'>[] = model.start().map((node) => ({ node, attempt: 1 }));
  while (ready.length > 0) {
    const next = pick(ready);
    ready = ready.filter((each) => each !== next);
    const node = plan.nodes[next.node];
    if (!node) throw new Error('no such node');
    model.begin(next.node);
    const unclaimed = next.attempt === 1 && random() < 0.4;
    const token = unclaimed ? newId() : (await run.claim(next.node, { attempt: next.attempt })).token;
    const streams = node.streams.map(({ sel }) => sel);
    const live = !unclaimed && random() < 0.5 ? streams.slice(0, 1) : [];
    for (const sel of live) {
      const text = `s${next.node}`;
      expected.push(...texts.append(sel, text));
      const emitted = await state.emit({
        ...run.context,
        address: { frame: 0, node: next.node },
        token,
        sel,
        text: JSON.stringify(text),
        final: false,
        piece: 1,
      });
      ended = texts.exceeded;
      expect(emitted).toEqual(ended ? expect.objectContaining({ status: 'failed' }) : 'ok');
    }
    if (ended) break;
    const outcome = !unclaimed && random() < 0.05 && next.attempt < 3 ? 'retry' : random() < 0.03 ? 'failed' : 'done';
    const handle =
      node.type === 'if-else'
        ? pick(branchHandles)
        : node.errorStrategy === 'fail-branch'
          ? pick(['source', 'fail-branch'])
          : 'source';
    const values =
      random() < 0.8
        ? streams.filter((sel) => !live.includes(sel)).map((sel): [number, string] => [sel, `v${sel}`])
        : [];
    const modelled = model.settle(next.node, { outcome, handle });
    const settled = await run.settle(
      next.node,
      token,
      {},
      {
        outcome,
        edges: outcome === 'done' ? edgeTable(plan, next.node, handle) : '',
        values: outcome === 'done' ? values.map(([sel, text]): [number, string] => [sel, JSON.stringify(text)]) : [],
        closes: streams,
        isEnd: node.type === 'end',
        ...(unclaimed ? { unclaimedMs: 1 } : {}),
      },
    );
    if (settled.kind !== 'applied') throw new Error('stale');
    if (outcome === 'done') {
      const { taken, skipped } = modelled;
      expected.push(...texts.settle({ node: next.node, taken, skipped, values, closes: streams }));
    }
    ended = modelled.ended || (outcome === 'done' && texts.exceeded);
    expect(settled.decided !== undefined).toBe(ended);
    if (outcome === 'done' && texts.exceeded) expect(settled.decided?.error).toMatch('streamed text exceeded');
    if (ended) break;
    expect(settled.ready.map((each) => each.node).sort()).toEqual(modelled.ready.sort());
    ready.push(...settled.ready);
  }
  expect(ended).toBe(true);
  const [events = []] = await createRunEvents(redis).ranges([{ run: run.context }]);
  expect(events.flatMap(({ event }) => chunkOf(event))).toEqual(expected);
}

it('the transitions in Redis agree with the model on random graphs and orders (R1–R4, dsl 5.3)', async () => {
  await fc.assert(fc.asyncProperty(fc.integer(), compare), { numRuns: 300 });
});

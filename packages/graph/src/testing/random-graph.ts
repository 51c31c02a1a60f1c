import type { ValueObject } from '@millrace/contracts';

/** A small seeded generator of numbers in [0, 1) (mulberry32), so that graphs can be made again. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface RandomGraphOptions {
  /** Most nodes besides the start node. Default 12. */
  maxNodes?: number;
  /** Chance of an edge between a node and any later one. Default 0.3. */
  density?: number;
}

/** Handles a node of a random graph may choose; `none` is a handle no edge has. */
export const branchHandles = ['true', 'c2', 'false', 'none'] as const;

type Random = () => number;
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

function randomData(random: Random, id: string, earlier: string[]): ValueObject {
  const kind = random();
  if (kind < 0.25) return { type: 'if-else', title: id, cases: [] };
  if (kind < 0.4) return { type: 'code', title: id, error_strategy: 'fail-branch' };
  if (kind < 0.5) return { type: 'llm', title: id };
  if (kind < 0.7) {
    const outputs = Array.from({ length: Math.floor(random() * 3) + 1 }, (_, i) => ({
      variable: `o${i}`,
      value_selector: random() < 0.1 ? [] : [pick(random, earlier), 'text'],
    }));
    return { type: 'end', title: id, outputs };
  }
  return { type: 'template-transform', title: id };
}

const handlesOf = ({ type, error_strategy: strategy }: ValueObject): readonly string[] =>
  type === 'if-else' ? ['true', 'c2', 'false'] : strategy === 'fail-branch' ? ['source', 'fail-branch'] : ['source'];

/**
 * The `workflow` mapping of a random acyclic graph, the same for the same seed: branches, fail-branch
 * nodes, End nodes that stream, nodes that cannot be reached, several edges between two nodes and,
 * now and then, a second root.
 */
export function randomWorkflow(seed: number, { maxNodes = 12, density = 0.3 }: RandomGraphOptions = {}): ValueObject {
  const random = createRandom(seed);
  const nodes: { id: string; type: string; data: ValueObject }[] = [
    { id: 'n0', type: 'custom', data: { type: 'start', title: 'n0', variables: [] } },
  ];
  const size = 1 + Math.floor(random() * maxNodes);
  for (let i = 1; i <= size; i += 1) {
    const id = `n${i}`;
    const trigger = random() < 0.04;
    const data = trigger ? { type: 'trigger-webhook', title: id } : randomData(random, id, nodes.map((node) => node.id));
    nodes.push({ id, type: 'custom', data });
  }
  const edges: ValueObject[] = [];
  nodes.forEach((source, i) => {
    for (const handle of handlesOf(source.data)) {
      for (const target of nodes.slice(i + 1)) {
        const near = nodes.indexOf(target) === i + 1;
        if (random() < (near ? density * 2 : density)) {
          edges.push({ source: source.id, sourceHandle: handle, target: target.id, targetHandle: 'target' });
        }
      }
    }
  });
  return { graph: { nodes, edges }, features: {}, environment_variables: [], conversation_variables: [] };
}

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
  /** Whether End nodes may name nodes that do not lie before them. Default true. */
  strayOutputs?: boolean;
}

/** Handles an if-else node of a random graph may choose; no edge has `none`. */
export const branchHandles = ['true', 'c2', 'false', 'none'] as const;

type Random = () => number;
interface RandomNode {
  [key: string]: string | ValueObject;
  id: string;
  data: ValueObject;
}
interface RandomEdge {
  [key: string]: string;
  source: string;
  target: string;
}

function randomData(random: Random, title: string): ValueObject {
  if (random() < 0.04) return { type: 'trigger-webhook', title };
  const kind = random();
  if (kind < 0.25) return { type: 'if-else', title, cases: [] };
  if (kind < 0.4) return { type: 'code', title, error_strategy: 'fail-branch' };
  if (kind < 0.55) return { type: 'llm', title };
  return { type: kind < 0.75 ? 'end' : 'template-transform', title };
}

const handlesOf = ({ type, error_strategy: strategy }: ValueObject): readonly string[] =>
  type === 'if-else' ? ['true', 'c2', 'false'] : strategy === 'fail-branch' ? ['source', 'fail-branch'] : ['source'];

function randomEdges(random: Random, nodes: RandomNode[], density: number): RandomEdge[] {
  return nodes.flatMap((source, i) =>
    handlesOf(source.data).flatMap((sourceHandle) =>
      nodes.slice(i + 1).flatMap((target, distance) => {
        const chance = distance === 0 ? density * 2 : density;
        return random() < chance
          ? [{ source: source.id, sourceHandle, target: target.id, targetHandle: 'target' }]
          : [];
      }),
    ),
  );
}

function ancestors(id: string, edges: RandomEdge[]): string[] {
  const found = new Set([id]);
  for (const each of found) for (const edge of edges) if (edge.target === each) found.add(edge.source);
  found.delete(id);
  return [...found];
}

function randomOutputs(random: Random, candidates: string[]): ValueObject[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, (_, i) => {
    const source = candidates[Math.floor(random() * candidates.length)];
    return { variable: `o${i}`, value_selector: source === undefined || random() < 0.1 ? [] : [source, 'text'] };
  });
}

/**
 * The `workflow` mapping of a random acyclic graph, the same for the same seed: branches, fail-branch
 * nodes, End nodes that stream, nodes that cannot be reached, several edges between two nodes and,
 * now and then, a second root.
 */
export function randomWorkflow(seed: number, options: RandomGraphOptions = {}): ValueObject {
  const { maxNodes = 12, density = 0.3, strayOutputs = true } = options;
  const random = createRandom(seed);
  const size = 1 + Math.floor(random() * maxNodes);
  const nodes = Array.from({ length: size + 1 }, (_, i): RandomNode => {
    const id = `n${i}`;
    const data = i === 0 ? { type: 'start', title: id, variables: [] } : randomData(random, id);
    return { id, type: 'custom', data };
  });
  const edges = randomEdges(random, nodes, density);
  nodes.forEach(({ id, data }, i) => {
    if (data['type'] !== 'end') return;
    const candidates = strayOutputs ? nodes.slice(0, i).map((node) => node.id) : ancestors(id, edges);
    data['outputs'] = randomOutputs(random, candidates);
  });
  return { graph: { nodes, edges }, features: {}, environment_variables: [], conversation_variables: [] };
}

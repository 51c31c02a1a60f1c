import type { Value } from '@millrace/contracts';
import { replacement, type Get, type RandomEdge, type RandomRun } from './random-run.js';

export interface ExpectedNode {
  status: 'succeeded' | 'exception' | 'failed';
  outputs: Record<string, Value> | null;
  error: string | null;
  /** Attempts that were followed by another one. */
  retries: number;
  /** Sources of its taken edges. */
  from: string[];
}

export interface ExpectedRun {
  /** Nodes that run, by id; when one of them fails, the most that may run. */
  nodes: Map<string, ExpectedNode>;
  /** Errors a failing run may end with; empty when it does not fail. */
  errors: string[];
}

type EdgeState = 'taken' | 'skipped' | 'open';

/** A plain reading of dsl 3.2 and 3.6, node after node in the order of the file, which is topological. */
export function interpret({ nodes, edges }: RandomRun, user: string): ExpectedRun {
  const ran = new Map<string, ExpectedNode>();
  const errors: string[] = [];
  const states = new Map<RandomEdge, EdgeState>();
  const unreachable = new Set<number>();
  const get: Get = ([first = '', name = '', ...path]) => {
    if (first === 'env') return name === 'e1' ? 'env one' : undefined;
    if (first === 'sys') return name === 'user_id' ? user : undefined;
    let value: Value | undefined = ran.get(first)?.outputs?.[name];
    for (const key of path) value = (value as Record<string, Value> | undefined)?.[key];
    return value;
  };

  nodes.forEach((node, index) => {
    const out = edges.filter(({ source }) => source === index);
    const mark = (state: (edge: RandomEdge) => EdgeState): void => out.forEach((edge) => states.set(edge, state(edge)));
    const into = edges.filter(({ target, source }) => target === index && !unreachable.has(source));
    if (index > 0 && into.length === 0) {
      unreachable.add(index);
      return;
    }
    const before = into.map((edge) => states.get(edge));
    if (before.includes('open')) {
      mark(() => 'open');
      return;
    }
    if (index > 0 && !before.includes('taken')) {
      mark(() => 'skipped');
      return;
    }
    const id = node.draft.id;
    const from = into.filter((edge) => states.get(edge) === 'taken').map(({ source }) => `n${source}`);
    const result = node.perform(get);
    if ('outputs' in result) {
      const { outputs, handle = 'source', repaired = 0 } = result;
      ran.set(id, { status: 'succeeded', outputs, error: null, retries: repaired, from });
      const branch = node.draft.data.type === 'if-else' || node.strategy === 'fail-branch';
      mark((edge) => (!branch || edge.handle === handle ? 'taken' : 'skipped'));
      return;
    }
    const { error, errorType, attempts = 1 } = result;
    const failed = { error, retries: attempts - 1, from };
    if (node.strategy === 'none') {
      ran.set(id, { ...failed, status: 'failed', outputs: null });
      errors.push(error);
      mark(() => 'open');
      return;
    }
    ran.set(id, { ...failed, status: 'exception', outputs: replacement(node, error, errorType) });
    mark((edge) => (node.strategy === 'default-value' || edge.handle === 'fail-branch' ? 'taken' : 'skipped'));
  });
  return { nodes: ran, errors };
}

import type { EdgeEntry, EdgeTable } from '@millrace/contracts';
import { isBranch } from './node-config.js';
import type { Plan, PlanEdge } from './plan.js';

/** In the place of a handle, and none that a file would name: every edge is taken, also of a branch node (`default-value`, dsl 3.6). */
export const everyHandle = '\u0001every';

const blockingOf = new WeakMap<Plan, ReadonlySet<number>>();

/** Edges some End node's text stream waits for (dsl 5.2). */
function blockingEdges(plan: Plan): ReadonlySet<number> {
  let blocking = blockingOf.get(plan);
  if (!blocking) blockingOf.set(plan, (blocking = new Set(plan.stream.ends.flatMap((end) => end.paths.flat()))));
  return blocking;
}

function buildTable(plan: Plan, nodeIndex: number, handle: string): EdgeTable {
  const node = plan.nodes[nodeIndex];
  if (!node) throw new RangeError(`The plan has no node ${nodeIndex}`);
  const blocking = blockingEdges(plan);
  const entry = (edge: PlanEdge): EdgeEntry => [
    edge.target,
    plan.nodes[edge.target]?.in.length ?? 0,
    blocking.has(edge.index) ? edge.index : -1,
  ];
  const branch = isBranch(node) && handle !== everyHandle;
  const taken = (edge: PlanEdge): boolean => !branch || edge.handle === handle;
  const table: EdgeTable = {
    take: node.out.filter(taken).map(entry),
    skip: node.out.filter((edge) => !taken(edge)).map(entry),
    below: {},
  };
  const open = table.skip.map(([target]) => target);
  for (let target = open.pop(); target !== undefined; target = open.pop()) {
    if (table.below[target]) continue;
    const below = (plan.nodes[target]?.out ?? []).map(entry);
    table.below[target] = below;
    open.push(...below.map(([next]) => next));
  }
  return table;
}

/**
 * JSON of what completing a node with a handle does to its edges. Every edge of an ordinary node is
 * taken, whatever the handle; of a branch node those with the handle, the others are skipped.
 */
export function edgeTable(plan: Plan, nodeIndex: number, handle: string): string {
  const node = plan.nodes[nodeIndex];
  const key = node && isBranch(node) ? `${nodeIndex}:${handle}` : `${nodeIndex}:`;
  const known = plan.tables.get(key);
  if (known !== undefined) return known;
  const text = JSON.stringify(buildTable(plan, nodeIndex, handle));
  // Handles are chosen by nodes (a model may name any class): keep only those the graph knows.
  const isKnown = !node || !isBranch(node) || handle === everyHandle || node.out.some((edge) => edge.handle === handle);
  if (isKnown && text.length <= plan.tableRoom) {
    plan.tableRoom -= text.length;
    plan.tables.set(key, text);
  }
  return text;
}

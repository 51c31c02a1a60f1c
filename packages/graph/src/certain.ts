import type { Plan, PlanNode } from './plan.js';

/** Whether every path through the plan leads over a node: without it no node that ends a path can be reached. */
export function liesOnEveryPath(plan: Plan, node: PlanNode): boolean {
  const seen = new Set<number>([node.index]);
  const open: PlanNode[] = [];
  const visit = (index: number): void => {
    const next = plan.nodes[index];
    if (!next || seen.has(index)) return;
    seen.add(index);
    open.push(next);
  };
  visit(plan.root.index);
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.out.length === 0) return false;
    for (const edge of next.out) visit(edge.target);
  }
  return true;
}

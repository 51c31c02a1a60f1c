import type { StreamSegment, StreamTable, Value } from '@millrace/contracts';
import { isBranch } from './node-config.js';
import type { PlanEdge, PlanNode } from './plan.js';
import { PlanError } from './structure.js';
import { pythonStr } from './values/python.js';
import { isObject } from './values/types.js';

/** Number of a selector that End nodes stream; the first call notes it with the node that produces it. */
type Numbering = (selector: string[], source: PlanNode) => number;

function createNumbering(): Numbering {
  const numbers = new Map<string, number>();
  return (selector, source) => {
    const key = JSON.stringify(selector);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const sel = numbers.size;
    numbers.set(key, sel);
    source.streams.push({ sel, selector });
    return sel;
  };
}

function outputSelectors(end: PlanNode): string[][] {
  const outputs = end.data['outputs'];
  if (!Array.isArray(outputs)) return [];
  return outputs
    .filter(isObject)
    .map(({ value_selector: selector }) => (Array.isArray(selector) ? selector.map((part) => pythonStr(part)) : []));
}

/** `sys` and `env` exist from the beginning: the root node stands for their source. */
function sourceOf(selector: string[], nodes: Map<string, PlanNode>, root: PlanNode): PlanNode | undefined {
  const [first = ''] = selector;
  if (selector.length < 2) return undefined;
  const node = nodes.get(first);
  if (node) return node;
  return first === 'sys' || first === 'env' || first === 'userinput' ? root : undefined;
}

/** Segments of an End node (dsl 5.1): its outputs in order, with a newline between them. */
function segmentsOf(end: PlanNode, nodes: Map<string, PlanNode>, root: PlanNode, numberOf: Numbering): StreamSegment[] {
  const newline: StreamSegment = { text: '\n', selector: JSON.stringify([end.id, 'answer']) };
  const selectors = outputSelectors(end);
  const segments = selectors.flatMap((selector, position): StreamSegment[] => {
    const source = sourceOf(selector, nodes, root);
    const before = position > 0 ? [newline] : [];
    // What can never have a value counts as the output of a skipped node: nothing, but its newline stays.
    if (!source) return before;
    const sel = numberOf(selector, source);
    return [...before, { sel, node: source.index, selector: JSON.stringify(selector) }];
  });
  return selectors.at(-1)?.length === 0 && selectors.length > 1 ? segments.slice(0, -1) : segments;
}

/** Variables an assigner writes, as `node.name`. */
function written(node: PlanNode): string[] {
  if (node.type !== 'assigner') return [];
  const items = node.data['items'];
  const targets: (Value | undefined)[] = Array.isArray(items)
    ? items.filter(isObject).map((item) => item['variable_selector'])
    : [node.data['assigned_variable_selector']];
  return targets.flatMap((target) => (Array.isArray(target) ? [target.slice(0, 2).map(pythonStr).join('.')] : []));
}

/**
 * Which blocking edges must be taken before an End node may stream (dsl 5.2). An edge is taken only
 * when its source ran, and a source runs only when some whole path to it was taken; so of each path
 * the last blocking edge alone decides, and no paths need to be listed.
 */
function blockingPaths(end: PlanNode, nodes: PlanNode[], spend: () => void): number[][] {
  const used = new Set(outputSelectors(end).map((selector) => selector.slice(0, 2).join('.')));
  const blocks = (edge: PlanEdge): boolean => {
    const source = nodes[edge.source];
    if (!source) return false;
    if (isBranch(source) || source.kind === 'container' || source.kind === 'response') return true;
    return written(source).some((name) => used.has(name));
  };
  const last = new Set<number>();
  const seen = new Set([end.index]);
  const open = [end];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.in.length === 0) return [[]];
    for (const edge of node.in) {
      spend();
      if (blocks(edge)) {
        last.add(edge.index);
        continue;
      }
      const source = nodes[edge.source];
      if (!source || seen.has(source.index)) continue;
      seen.add(source.index);
      open.push(source);
    }
  }
  return [...last].sort((a, b) => a - b).map((edge) => [edge]);
}

/** Most outputs of all End nodes: every piece of streamed text looks at the table of them. */
const mostOutputs = 2_000;
/** Most entries of the same table: edges that some End node waits for. */
const mostPaths = 10_000;
/** Most edges looked at on the way back from all End nodes. */
const mostSteps = 2_000_000;

function refuseManyOutputs(nodes: PlanNode[]): void {
  const count = nodes.reduce((sum, { type, data }) => {
    return sum + (type === 'end' && Array.isArray(data['outputs']) ? data['outputs'].length : 0);
  }, 0);
  if (count > mostOutputs) throw new PlanError(`The End nodes have ${count} outputs, more than ${mostOutputs}`);
}

/** Text-stream order of the End nodes; fills `streams` of the nodes that End nodes refer to. */
export function planStream(nodes: PlanNode[], root: PlanNode): StreamTable {
  refuseManyOutputs(nodes);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const numberOf = createNumbering();
  let stepsLeft = mostSteps;
  const spendStep = (): void => {
    stepsLeft -= 1;
    if (stepsLeft < 0) throw new PlanError(`The ways to the End nodes take more than ${mostSteps} steps to find`);
  };
  let pathsLeft = mostPaths;
  const bounded = (paths: number[][]): number[][] => {
    pathsLeft -= paths.length;
    if (pathsLeft < 0) throw new PlanError(`More than ${mostPaths} edges of branches decide which End nodes stream`);
    return paths;
  };
  // Those reached at the start of a run stream in the order of their ids.
  const ends = nodes.filter((node) => node.type === 'end').sort((a, b) => (a.id < b.id ? -1 : 1));
  const table: StreamTable = {
    ends: ends
      .map((end) => ({
        node: end.index,
        paths: bounded(blockingPaths(end, nodes, spendStep)),
        segments: segmentsOf(end, byId, root, numberOf),
      }))
      .filter((end) => end.segments.length > 0),
  };
  markShared(table);
  return table;
}

/** Each End node shows all of its outputs, also those that another one, or the same one before, shows. */
function markShared({ ends }: StreamTable): void {
  const seen = new Map<number, StreamSegment>();
  for (const segment of ends.flatMap(({ segments }) => segments)) {
    if ('text' in segment) continue;
    const before = seen.get(segment.sel);
    for (const each of before ? [before, segment] : []) Object.assign(each, { shared: true });
    seen.set(segment.sel, segment);
  }
}

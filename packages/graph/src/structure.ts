import type { Value, ValueObject } from '@millrace/contracts';
import { pythonStr } from './values/python.js';
import { isObject, isNumber } from './values/types.js';

/** A node of the file, of whatever level; notes are gone. */
export interface FileNode {
  id: string;
  type: string;
  data: ValueObject;
  /** Id of the iteration or loop it belongs to. */
  container: string | undefined;
}

export interface FileEdge {
  source: string;
  target: string;
  handle: string;
}

export interface Structure {
  nodes: FileNode[];
  edges: FileEdge[];
  /** The nodes that can run in the root graph, in file order, the root included. */
  reachable: FileNode[];
  root: FileNode;
  warnings: string[];
}

/** A mistake that makes a workflow impossible to run; its message goes to the author. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Most nodes and edges: settling a branch may have to skip all of them in one call to Redis. */
const mostNodes = 10_000;
const mostEdges = 40_000;

function refuseMany(graph: ValueObject): void {
  const [nodes, edges] = [list(graph['nodes']).length, list(graph['edges']).length];
  if (nodes > mostNodes) throw new PlanError(`The workflow has ${nodes} nodes, more than ${mostNodes}`);
  if (edges > mostEdges) throw new PlanError(`The workflow has ${edges} edges, more than ${mostEdges}`);
}

const rootTypes = new Set(['start', 'datasource', 'trigger-webhook', 'trigger-schedule', 'trigger-plugin']);
const containerTypes = new Set(['iteration', 'loop']);
const aliases: Readonly<Record<string, string>> = { 'variable-assigner': 'variable-aggregator' };

export const isContainer = (type: string): boolean => containerTypes.has(type);

/** Ids may be written as bare numbers; anything but text and numbers is no id. */
const idText = (value: Value | undefined): string | undefined =>
  typeof value === 'string' ? value : isNumber(value) ? pythonStr(value) : undefined;

const controlCharacter = /\p{Cc}/u;

const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);

function containerIds(graph: ValueObject): Set<string | undefined> {
  const nodes = list(graph['nodes']).filter(isObject);
  return new Set(
    nodes.filter(({ data }) => isObject(data) && isContainer(idText(data['type']) ?? '')).map(({ id }) => idText(id)),
  );
}

function readNodes(graph: ValueObject): { nodes: FileNode[]; notes: Set<string> } {
  const nodes: FileNode[] = [];
  const notes = new Set<string>();
  const seen = new Set<string>();
  const containers = containerIds(graph);
  for (const raw of list(graph['nodes'])) {
    if (!isObject(raw)) throw new PlanError('Every node must be a mapping');
    const id = idText(raw['id']);
    if (raw['type'] === 'custom-note') {
      if (id !== undefined) notes.add(id);
      continue;
    }
    if (id === undefined || id === '') throw new PlanError('A node has no id');
    if (controlCharacter.test(id)) throw new PlanError(`The node id ${JSON.stringify(id)} has a control character`);
    if (seen.has(id)) throw new PlanError(`Two nodes have the id '${id}'`);
    seen.add(id);
    const data = isObject(raw['data']) ? raw['data'] : {};
    const type = idText(data['type']);
    if (type === undefined || type === '') throw new PlanError(`Node '${id}' has no type`);
    const owners = [raw['parentId'], data['iteration_id'], data['loop_id']].map(idText);
    const container = owners.find((owner) => owner !== undefined && containers.has(owner));
    nodes.push({ id, type: Object.hasOwn(aliases, type) ? (aliases[type] ?? type) : type, data, container });
  }
  return { nodes, notes };
}

function readHandle(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return 'source';
  return typeof value === 'boolean' ? String(value) : idText(value);
}

function readEdges(graph: ValueObject, nodes: FileNode[], notes: Set<string>, warnings: string[]): FileEdge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return list(graph['edges']).flatMap((raw): FileEdge[] => {
    if (!isObject(raw)) return [];
    const source = idText(raw['source']);
    const target = idText(raw['target']);
    const handle = readHandle(raw['sourceHandle']);
    if (source === undefined || target === undefined || handle === undefined) return [];
    const [from, to] = [byId.get(source), byId.get(target)];
    if ((!from && notes.has(source)) || (!to && notes.has(target))) return [];
    if (!from || !to) {
      throw new PlanError(
        `An edge from '${source}' to '${target}' refers to the unknown node '${from ? target : source}'`,
      );
    }
    if (from.container !== to.container) {
      warnings.push(`The edge from '${source}' to '${target}' crosses the border of a container and is ignored`);
      return [];
    }
    const success = handle === 'success-branch' && from.data['error_strategy'] === 'fail-branch';
    return [{ source, target, handle: success ? 'source' : handle }];
  });
}

function targetsBySource(edges: FileEdge[]): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  for (const { source, target } of edges) {
    const known = targets.get(source);
    if (known) known.push(target);
    else targets.set(source, [target]);
  }
  return targets;
}

/** Kahn's algorithm: nodes that never come free lie on a cycle or behind one. */
function refuseCycles(nodes: FileNode[], edges: FileEdge[]): void {
  const open = new Map(nodes.map((node) => [node.id, 0]));
  for (const { target } of edges) open.set(target, (open.get(target) ?? 0) + 1);
  const targets = targetsBySource(edges);
  const free = nodes.filter((node) => open.get(node.id) === 0).map((node) => node.id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    open.delete(id);
    for (const target of targets.get(id) ?? []) {
      const left = (open.get(target) ?? 0) - 1;
      open.set(target, left);
      if (left === 0) free.push(target);
    }
  }
  if (open.size > 0)
    throw new PlanError(`The workflow has a cycle through or before these nodes: ${[...open.keys()].join(', ')}`);
}

/**
 * Nodes that have a path from the root. Other root-type nodes count as skipped from the beginning
 * (dsl 3.1), so nothing is reached through them; leaving them out resolves their skips statically.
 */
function reachableFrom(root: FileNode, nodes: FileNode[], edges: FileEdge[]): FileNode[] {
  const closed = new Set(nodes.filter((node) => rootTypes.has(node.type)).map((node) => node.id));
  const targets = targetsBySource(edges);
  const reached = new Set([root.id]);
  const open = [root.id];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const target of targets.get(id) ?? []) {
      if (reached.has(target) || closed.has(target)) continue;
      reached.add(target);
      open.push(target);
    }
  }
  return nodes.filter((node) => reached.has(node.id));
}

/** Reads nodes and edges of a graph and finds what can run. Throws `PlanError` (dsl 1.14). */
export function readStructure(graph: ValueObject): Structure {
  refuseMany(graph);
  const warnings: string[] = [];
  const { nodes, notes } = readNodes(graph);
  const edges = readEdges(graph, nodes, notes, warnings);
  const root = nodes.find((node) => rootTypes.has(node.type) && node.container === undefined);
  if (!root) throw new PlanError('The workflow has no start node');
  refuseCycles(nodes, edges);
  const reachable = reachableFrom(root, nodes, edges);
  const runs = new Set(reachable);
  for (const node of nodes) {
    if (runs.has(node) || node.container !== undefined) continue;
    warnings.push(`Node '${node.id}' (${node.type}) cannot be reached from the start node and never runs`);
  }
  return { nodes, edges, reachable, root, warnings };
}

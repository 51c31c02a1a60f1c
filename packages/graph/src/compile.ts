import type { Selector, Value, ValueObject } from '@millrace/contracts';
import { parseForm } from './form.js';
import { nodeConfig } from './node-config.js';
import type { FormVariable, Plan, PlanEdge, PlanNode } from './plan.js';
import { references } from './references.js';
import { planStream } from './stream-plan.js';
import { PlanError, readStructure, type FileNode, type Structure } from './structure.js';
import { objectOf } from './values/objects.js';
import { pythonStr } from './values/python.js';
import { isObject } from './values/types.js';

export interface CompileOptions {
  /** Node types that have an executor; others compile and fail when they are reached. */
  supportedTypes: ReadonlySet<string>;
}

export type CompileResult = { ok: true; plan: Plan; warnings: string[] } | { ok: false; error: string };

function readsOf(node: FileNode, keys: ReadonlySet<string>): string[] {
  const firsts = references(node.data).map(({ selector: [first = ''] }) => first);
  return [...new Set(firsts)].filter((first) => first !== node.id && keys.has(first));
}

function planNodes({ reachable, root }: Structure): PlanNode[] {
  const ids = new Set(reachable.map((node) => node.id));
  return reachable.map((node, index): PlanNode => ({
    index,
    id: node.id,
    type: node.type,
    data: node.data,
    ...nodeConfig(node, node === root),
    out: [],
    in: [],
    reads: readsOf(node, ids),
    streams: [],
  }));
}

/** Edges between nodes that can run; the others never count. */
function planEdges({ edges }: Structure, nodes: PlanNode[]): PlanEdge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const planned: PlanEdge[] = [];
  for (const { source, target, handle } of edges) {
    const [from, to] = [byId.get(source), byId.get(target)];
    if (!from || !to) continue;
    const edge = { index: planned.length, source: from.index, target: to.index, handle };
    planned.push(edge);
    from.out.push(edge);
    to.in.push(edge);
  }
  return planned;
}

/** Environment variables by name; entries without a name are passed over. */
function environment(workflow: ValueObject): Record<string, Value> {
  const declared = workflow['environment_variables'];
  if (!Array.isArray(declared)) return {};
  return objectOf(
    declared.filter(isObject).flatMap(({ name, value }): [string, Value][] => {
      return name === undefined || name === null ? [] : [[pythonStr(name), value ?? '']];
    }),
  );
}

/** Each is looked for in everything that is shown, so a file must not bring any number of them. */
const mostSecrets = 1_000;

/** Values of secret environment variables. */
function secretValues(workflow: ValueObject): string[] {
  const declared = workflow['environment_variables'];
  if (!Array.isArray(declared)) return [];
  const secrets = declared.filter(isObject).flatMap(({ value_type, value }) => {
    return value_type === 'secret' && typeof value === 'string' && value !== '' ? [value] : [];
  });
  if (secrets.length > mostSecrets)
    throw new PlanError(`The workflow has ${secrets.length} secret environment variables, more than ${mostSecrets}`);
  return secrets;
}

/** Tables of branches that skip much are long; further ones are made anew each time. */
const mostTableCharacters = 8 * 1024 * 1024;

/** The form every run's `inputs` are checked against; triggers have none. */
const formOf = (root: PlanNode): FormVariable[] => (root.type === 'start' ? parseForm(root.data) : []);

/** Entry nodes of containers go with their container. */
const entryTypes = new Set(['iteration-start', 'loop-start']);

function unsupported({ nodes }: Structure, types: ReadonlySet<string>): string[] {
  const missing = new Map<string, string[]>();
  for (const { id, type } of nodes) {
    if (types.has(type) || entryTypes.has(type)) continue;
    const ids = missing.get(type);
    if (ids) ids.push(id);
    else missing.set(type, [id]);
  }
  return Array.from(
    missing,
    ([type, ids]) => `Node type '${type}' is not supported yet; a run fails when it reaches ${ids.join(', ')}`,
  );
}

/** System variables of workflow apps (dsl 2.7). */
const systemNames = new Set(['files', 'user_id', 'app_id', 'workflow_id', 'workflow_run_id', 'timestamp']);

/** References to nodes, to form, environment and system variables that do not exist; of other nodes' outputs nobody knows. */
function missingReferences({ nodes }: Structure, { root, form, env }: Pick<Plan, 'root' | 'form' | 'env'>): string[] {
  const ids = new Set(nodes.map((node) => node.id));
  const formNames = new Set(form.map(({ variable }) => variable));
  const isKnown = ([first = '', name = '']: Selector): boolean => {
    if (first === root.id && root.type === 'start') return formNames.has(name) || name.includes('.');
    if (ids.has(first)) return true;
    if (first === 'env') return Object.hasOwn(env, name);
    return first === 'sys' ? systemNames.has(name) : first === 'userinput' && name === 'files';
  };
  return nodes.flatMap(({ id, data }) => {
    const missing = references(data).filter(({ certain, selector }) => certain && !isKnown(selector));
    const paths = new Set(missing.map(({ selector }) => selector.join('.')));
    return Array.from(paths, (path) => `Node '${id}' refers to '${path}', which does not exist`);
  });
}

/**
 * Turns the `workflow` mapping of a file into a plan (dsl 1.4–1.8, 3.1). Fails only where no run is
 * possible: no root node, edges to unknown nodes, cycles, default values of a wrong type.
 */
export function compilePlan(workflow: ValueObject, options: CompileOptions): CompileResult {
  try {
    const graph = workflow['graph'];
    const structure = readStructure(isObject(graph) ? graph : {});
    const nodes = planNodes(structure);
    const edges = planEdges(structure, nodes);
    const root = nodes.find((node) => node.kind === 'root');
    if (!root) throw new PlanError('The workflow has no start node');
    const plan: Plan = {
      nodes,
      edges,
      root,
      form: formOf(root),
      env: environment(workflow),
      secrets: secretValues(workflow),
      features: isObject(workflow['features']) ? workflow['features'] : {},
      stream: planStream(nodes, root),
      tables: new Map(),
      tableRoom: mostTableCharacters,
    };
    const warnings = [
      ...structure.warnings,
      ...unsupported(structure, options.supportedTypes),
      ...missingReferences(structure, plan),
    ];
    return { ok: true, plan, warnings };
  } catch (error) {
    if (error instanceof PlanError) return { ok: false, error: error.message };
    throw error;
  }
}

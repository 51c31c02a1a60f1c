import type { ValueObject } from '@millrace/contracts';
import { pythonStr } from '../values/python.js';
import { isObject } from '../values/types.js';

/** Model providers that `llm` nodes of a workflow name, as they name them, and the ids of those nodes. */
export function modelProviders(workflow: ValueObject): [provider: string, nodes: string[]][] {
  const graph = workflow['graph'];
  const nodes = isObject(graph) && Array.isArray(graph['nodes']) ? graph['nodes'].filter(isObject) : [];
  const providers = new Map<string, string[]>();
  for (const { id, data } of nodes) {
    if (!isObject(data) || data['type'] !== 'llm' || !isObject(data['model'])) continue;
    const { provider } = data['model'];
    if (typeof provider !== 'string' || provider === '') continue;
    providers.set(provider, [...(providers.get(provider) ?? []), pythonStr(id ?? '')]);
  }
  return [...providers];
}

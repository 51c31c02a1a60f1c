import type { NodeExecutor, NodeScope, Selector, Value } from '@millrace/contracts';
import { objectOf } from '@millrace/graph';
import { z } from 'zod';
import { defineQuickNode } from '../define-node.js';
import { configured, listOf, looseFlag, looseText, selector } from '../node-data.js';

const schema = z.object({
  variables: listOf(selector),
  advanced_settings: z
    .object({
      group_enabled: looseFlag,
      groups: listOf(z.object({ group_name: looseText, variables: listOf(selector) })),
    })
    .nullish(),
});

/** Passes on the first of its variables that exists, per group if there are groups (dsl 4.10). */
export function createVariableAggregatorNode(): NodeExecutor {
  const configure = configured(schema, ({ variables, advanced_settings: settings }) => ({
    variables,
    groups: settings?.group_enabled ? settings.groups : undefined,
  }));
  return defineQuickNode('variable-aggregator', ({ data, scope }, report) => {
    const { variables, groups } = configure(data);
    const inputs: [string, Value][] = [];
    const take = (candidates: readonly Selector[], outputOf: (value: Value) => [string, Value]): [string, Value][] => {
      const found = firstExisting(candidates, scope);
      if (!found) return [];
      inputs.push([found.path.slice(1).join('.'), found.value]);
      return [outputOf(found.value)];
    };
    const outputs = groups
      ? groups.flatMap((group) => take(group.variables, (output) => [group.group_name, { output }]))
      : take(variables, (output) => ['output', output]);
    report.inputs = objectOf(inputs);
    return { outputs: objectOf(outputs) };
  });
}

function firstExisting(
  candidates: readonly Selector[],
  scope: NodeScope,
): { path: Selector; value: Value } | undefined {
  for (const path of candidates) {
    const value = scope.get(path);
    if (value !== undefined) return { path, value };
  }
  return undefined;
}

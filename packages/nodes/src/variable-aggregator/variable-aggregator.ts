import type { NodeExecutor, NodeScope, Selector, Value, ValueObject } from '@millrace/contracts';
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
    const outputs: ValueObject = {};
    const take = (candidates: readonly Selector[], put: (value: Value) => void) => {
      const found = firstExisting(candidates, scope);
      if (!found) return;
      report.inputs[found.path.slice(1).join('.')] = found.value;
      put(found.value);
    };
    if (groups) {
      for (const group of groups) take(group.variables, (value) => (outputs[group.group_name] = { output: value }));
    } else take(variables, (value) => (outputs['output'] = value));
    return { outputs };
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

import type { NodeExecutor, Value, ValueObject } from '@millrace/contracts';
import { conditionBudgets, evaluateConditions } from '@millrace/graph';
import { z } from 'zod';
import { defineQuickNode } from '../define-node.js';
import { anyValue, configured, listOf, looseText } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';

const conditions = listOf(anyValue);
const schema = z.object({
  cases: z.array(z.object({ case_id: looseText, logical_operator: looseText, conditions })).nullish(),
  logical_operator: looseText,
  conditions,
});

interface Case {
  id: string;
  operator: string;
  conditions: Value[];
  /** How `process_data` names it: the case as the file has it, or `default`. */
  group: Value;
}

/** Takes the branch of the first case that holds (dsl 4.5). */
export function createIfElseNode(): NodeExecutor {
  const configure = configured(schema, (config, data): Case[] => {
    const groups = data['cases'] as Value[];
    if (!config.cases) {
      return [{ id: 'true', operator: config.logical_operator, conditions: config.conditions, group: 'default' }];
    }
    return config.cases.map((each, index) => ({
      id: each.case_id,
      operator: each.logical_operator,
      conditions: each.conditions,
      group: groups[index] ?? null,
    }));
  });
  return defineQuickNode('if-else', ({ data, scope }, report) => {
    const results: ValueObject[] = [];
    report.inputs = { conditions: [] };
    report.processData = { condition_results: results };
    const budgets = conditionBudgets();
    for (const each of configure(data)) {
      const outcome = evaluateConditions(each.conditions, each.operator, (path) => scope.get(path), budgets);
      if (!outcome.ok) throw new NodeFailure(outcome.error, '');
      report.inputs = { conditions: outcome.inputs };
      results.push({ group: each.group, results: outcome.results, final_result: outcome.result });
      if (outcome.result) return { outputs: { result: true, selected_case_id: each.id }, handle: each.id };
    }
    return { outputs: { result: false, selected_case_id: 'false' }, handle: 'false' };
  });
}

import type { NodeExecutor } from '@millrace/contracts';
import { objectOf } from '@millrace/graph';
import { z } from 'zod';
import { defineQuickNode } from '../define-node.js';
import { configured, listOf, looseText, selector } from '../node-data.js';

const schema = z.object({ outputs: listOf(z.object({ variable: looseText, value_selector: selector.nullish() })) });

/** Collects a workflow's outputs; what is missing is null (dsl 4.3). */
export function createEndNode(): NodeExecutor {
  const configure = configured(schema, ({ outputs }) =>
    outputs.map(({ variable, value_selector: from }) => ({ variable, from: from ?? [] })),
  );
  return defineQuickNode('end', ({ data, scope }, report) => {
    const outputs = objectOf(configure(data).map(({ variable, from }) => [variable, scope.get(from) ?? null]));
    report.inputs = outputs;
    return { outputs };
  });
}

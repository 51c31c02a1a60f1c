import type { NodeExecutor, ValueObject } from '@millrace/contracts';
import { objectOf } from '@millrace/graph';
import { z } from 'zod';
import { defineQuickNode } from '../define-node.js';
import { TemplateError } from '../jinja/errors.js';
import { compileTemplate } from '../jinja/template.js';
import { configured, looseText, variableList } from '../node-data.js';

const schema = z.object({ variables: variableList, template: looseText });

const explain = (error: unknown) => (error instanceof TemplateError ? { error: error.message } : undefined);

/** Renders a Jinja2 template (dsl 4.12). */
export function createTemplateTransformNode(): NodeExecutor {
  const configure = configured(schema, ({ variables, template }) => {
    let compiled: ReturnType<typeof compileTemplate> | undefined;
    return { variables, render: (values: ValueObject) => (compiled ??= compileTemplate(template)).render(values) };
  });
  return defineQuickNode(
    'template-transform',
    ({ data, scope }, report) => {
      const { variables, render } = configure(data);
      report.inputs = objectOf(
        variables.map(({ variable, value_selector: from }) => [variable, scope.get(from) ?? null]),
      );
      return { outputs: { output: render(report.inputs) } };
    },
    explain,
  );
}

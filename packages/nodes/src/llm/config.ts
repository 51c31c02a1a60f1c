import type { Selector, ValueObject } from '@millrace/contracts';
import { isObject, templateReferences, truthy } from '@millrace/graph';
import { z } from 'zod';
import { compileTemplate, type Template } from '../jinja/template.js';
import { anyValue, configured, looseFlag, looseNumber, looseText, selector, variableList } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';

const message = z.object({ role: looseText, text: looseText, edition_type: looseText, jinja2_text: looseText });

const schema = z.object({
  model: z.object({
    provider: looseText,
    name: looseText,
    mode: looseText,
    completion_params: z.custom<ValueObject>((value) => typeof value === 'object').nullish(),
  }),
  prompt_template: z.preprocess((value): unknown[] => (Array.isArray(value) ? value : [value]), z.array(message)),
  prompt_config: z.object({ jinja2_variables: variableList }).nullish(),
  memory: z.object({ role_prefix: anyValue.nullish(), query_prompt_template: looseText }).nullish(),
  context: z.object({ enabled: looseFlag, variable_selector: selector.nullish() }).nullish(),
  vision: z
    .object({
      enabled: looseFlag,
      configs: z.object({ variable_selector: selector.nullish(), detail: looseText }).nullish(),
    })
    .nullish(),
  structured_output_enabled: looseFlag,
  structured_output_switch_on: z.boolean().nullish(),
  structured_output: anyValue.nullish(),
  reasoning_format: looseText,
  retry_config: z.object({ retry_enabled: looseFlag, max_retries: looseNumber }).nullish(),
});

const roles = ['system', 'user', 'assistant'] as const;

/** A message of the prompt, either `{{#…#}}` text or a Jinja2 template. */
export interface PromptPart {
  role: (typeof roles)[number];
  text: string;
  jinja?: () => Template;
}

const failure = (text: string, errorType: string) => new NodeFailure(text, errorType);

export const configureLlm = configured(
  schema,
  (config) => {
    const { model, context, vision, memory } = config;
    if (model.name === '' || model.provider === '') throw failure('Model does not exist.', 'ModelNotExistError');
    if (model.mode !== 'chat' && model.mode !== 'completion')
      throw failure('LLM mode is required.', 'LLMModeRequiredError');
    const mode: 'chat' | 'completion' = model.mode;
    if (memory && mode === 'completion' && !memory.role_prefix) {
      throw failure('Memory role prefix is required for completion model.', 'MemoryRolePrefixRequiredError');
    }
    const parts = config.prompt_template.map((part) => promptPart(part));
    return {
      model: { provider: model.provider, name: model.name, mode },
      params: model.completion_params ?? {},
      parts,
      /** Every `{{#…#}}` of the prompt; all must exist. */
      references: parts.flatMap(({ text }) => templateReferences(text)),
      /** Those of the memory block's query; all must exist too. */
      queryReferences: templateReferences(memory?.query_prompt_template ?? ''),
      jinjaVariables: parts.some(({ jinja }) => jinja) ? (config.prompt_config?.jinja2_variables ?? []) : [],
      /** Template of the message that a `memory` block adds; `undefined` without one. */
      memoryQuery: memory?.query_prompt_template,
      context: context?.enabled && context.variable_selector?.length ? context.variable_selector : undefined,
      vision: vision?.enabled
        ? { selector: vision.configs?.variable_selector ?? (['sys', 'files'] satisfies Selector) }
        : undefined,
      /** How closely images are looked at. */
      detail: vision?.configs?.detail === 'low' ? ('low' as const) : ('high' as const),
      separatesReasoning: config.reasoning_format === 'separated',
      /** The `structured_output` block, if it is switched on. */
      structured: structuredOutput(config),
      /** Whether the node repeats a failed attempt by itself (dsl 3.6). */
      retries: config.retry_config?.retry_enabled === true && (config.retry_config.max_retries ?? 0) > 0,
    };
  },
  'LLMNodeError',
);

export type LlmConfig = ReturnType<typeof configureLlm>;

function structuredOutput(config: z.infer<typeof schema>): ValueObject | undefined {
  const { structured_output: structured, structured_output_switch_on: switchedOn } = config;
  const wanted = switchedOn ?? config.structured_output_enabled;
  return wanted && structured && isObject(structured) && truthy(structured) ? structured : undefined;
}

function promptPart(part: z.infer<typeof message>): PromptPart {
  const role = roles.find((each) => each === part.role) ?? 'user';
  if (part.edition_type !== 'jinja2') return { role, text: part.text };
  let compiled: Template | undefined;
  return { role, text: part.jinja2_text, jinja: () => (compiled ??= compileTemplate(part.jinja2_text)) };
}

import { noPromptFound, type NodeScope, type Selector, type Value, type ValueObject } from '@millrace/contracts';
import {
  defineMember,
  objectOf,
  parseJson,
  renderTemplate,
  templateReferences,
  textBudget,
  type SpendText,
} from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { LlmConfig } from './config.js';
import { contextFiles, contextText, reportedText } from './context.js';
import { attachFiles, referencedFiles, visionFiles, type PromptMessage } from './vision.js';

export interface Prompt {
  messages: PromptMessage[];
  params: ValueObject;
}

/** Characters that a rendered parameter may have. */
const maxParameterLength = 1024;

/**
 * Assembles the prompt (dsl 4.6), noting every variable it uses in `inputs`.
 * @throws NodeFailure when a variable is missing or nothing is left to send
 */
export function assemblePrompt(config: LlmConfig, scope: NodeScope, inputs: ValueObject): Prompt {
  const required = (path: Selector): Value => {
    const value = scope.get(path);
    if (value === undefined) throw new NodeFailure(`Variable #${path.join('.')}# not found`, 'VariableNotFoundError');
    return value;
  };
  for (const path of config.references) inputs[`#${path.join('.')}#`] = required(path) ?? '';
  for (const path of config.queryReferences) {
    const value = required(path);
    if (value !== null) inputs[`#${path.join('.')}#`] = value;
  }
  const jinjaValues = objectOf(
    config.jinjaVariables.map(({ variable, value_selector: path }) => {
      // A null is an empty text here (dsl 2.9), unlike in a template node.
      const value = required(path) ?? '';
      defineMember(inputs, variable, reportedText(value));
      return [variable, value];
    }),
  );
  const contextValue = config.context && scope.get(config.context);
  const context = contextValue === undefined ? '' : contextText(contextValue);
  if (context !== '') inputs['#context#'] = context;
  const pictures = contextFiles(contextValue ?? null);
  if (pictures.length > 0) inputs['#context_files#'] = pictures;
  const files = visionFiles(config, scope);
  if (files.length > 0) inputs['#files#'] = files;

  const spend = textBudget();
  const render = (text: string) => renderTemplate(text, (path) => scope.get(path), 'text', spend);
  /** A message, and the files that its template refers to in one of their own. */
  const withReferenced = (message: PromptMessage, template: string): PromptMessage[] => {
    const files = config.model.mode === 'chat' ? referencedFiles(template, scope) : [];
    return files.length === 0 ? [message] : [message, { role: message.role, text: '', files }];
  };
  const messages = config.parts.flatMap(({ role, text, jinja }): PromptMessage[] => {
    if (jinja) {
      const made = jinja().render(jinjaValues);
      spend(made.length);
      return [{ role, text: made, files: [] }];
    }
    return withReferenced({ role, text: withContext(text, context, render, spend), files: [] }, text);
  });
  const query = memoryQuery(config, scope, render);
  if (config.model.mode === 'completion') complete(messages, query, spend);
  else messages.push(...withReferenced({ role: 'user', text: query, files: [] }, config.memoryQuery ?? ''));

  const said = messages.filter((each) => each.text.trim() !== '' || each.files.length > 0);
  // Only models that look at files are shown those of the context.
  const shown = config.vision ? [...pictures, ...files] : [];
  const kept = config.model.mode === 'chat' ? attachFiles(said, shown) : said;
  if (kept.length === 0) throw new NodeFailure(noPromptFound, 'NoPromptFoundError');
  return { messages: kept, params: renderParams(config.params, render) };
}

/** A workflow app has no history: its place stays empty. `#sys.query#` becomes the query of the memory block. */
function complete(messages: PromptMessage[], query: string, spend: SpendText): void {
  for (const message of messages) {
    const text = message.text.replace(/\{\{#histories#\}\}|#histories#/g, '');
    const insert = (): string => {
      spend(query.length);
      return query;
    };
    message.text = query === '' ? text : text.replaceAll('#sys.query#', insert);
  }
}

/** Renders around the context, whose own text is not scanned for references. */
function withContext(text: string, context: string, render: (text: string) => string, spend: SpendText): string {
  const parts = text.split('{{#context#}}');
  spend((parts.length - 1) * context.length);
  return parts.map(render).join(context);
}

function memoryQuery(config: LlmConfig, scope: NodeScope, render: (text: string) => string): string {
  if (config.memoryQuery === undefined) return '';
  // It is no place for the context.
  if (config.memoryQuery !== '') return render(config.memoryQuery.replaceAll('{{#context#}}', ''));
  const query = scope.get(['sys', 'query']);
  return typeof query === 'string' ? query : '';
}

function renderParams(params: ValueObject, render: (text: string) => string): ValueObject {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (typeof value !== 'string' || templateReferences(value).length === 0) return [name, value];
      return [name, fromText([...render(value)].slice(0, maxParameterLength).join(''))];
    }),
  );
}

/** Numbers and booleans in text form become what they say. */
function fromText(text: string): Value {
  if (!/^\s*(-?\d|true\s*$|false\s*$)/.test(text)) return text;
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !('value' in value) ? text : value;
  } catch {
    // Not JSON: it stays text.
    return text;
  }
}

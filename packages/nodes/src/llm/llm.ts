import { randomUUID } from 'node:crypto';
import {
  ModelError,
  type FileOwner,
  type FileReader,
  type FileWriter,
  type MadeFile,
  type ModelAnswer,
  type ModelInvoker,
  type NodeExecutor,
  type NodeResult,
  type Value,
  type ValueObject,
} from '@millrace/contracts';
import { floatValue, toMarkdown } from '@millrace/graph';
import { extension } from 'mime-types';
import type { Checks } from '../checks/checks.js';
import { defineNode, type Success } from '../define-node.js';
import { TemplateError } from '../jinja/errors.js';
import { checkSize } from '../node-size.js';
import { configureLlm } from './config.js';
import { assemblePrompt } from './prompt.js';
import { createReasoningSplitter } from './reasoning.js';
import { prepareStructuredOutput } from './structured-output.js';
import { loadMessages, reportedPrompts } from './vision.js';

export interface LlmDependencies {
  models: ModelInvoker;
  files: FileReader & FileWriter;
  checks: Checks;
}

/** Asks a model and streams its answer (dsl 4.6). */
export function createLlmNode({ models, files, checks }: LlmDependencies): NodeExecutor {
  return defineNode(
    'llm',
    async (request, report): Promise<Success> => {
      const config = configureLlm(request.data);
      const { model } = config;
      const named = { model_provider: model.provider, model_name: model.name };
      const { messages, params } = assemblePrompt(config, request.scope, report.inputs);
      Object.assign(report.inputs, named);
      checkSize(report.inputs);
      request.reportInputs?.(report.inputs);
      const prompts = reportedPrompts(messages, config.detail);
      report.processData = { model_mode: model.mode, prompts, ...named };

      const structured =
        config.structured && (await prepareStructuredOutput(config.structured, checks, request.tenantId));
      const splitter = config.separatesReasoning
        ? createReasoningSplitter((name, text) => request.emitText(name, text))
        : undefined;
      const { tenantId, appId, endUserId, signal } = request;
      const owner = { tenantId, appId, endUserId };
      await using loaded = await loadMessages(messages, { files, owner, detail: config.detail, signal });
      const kept: Value[] = [];
      const answer = await models.invoke({
        tenantId,
        provider: model.provider,
        model: model.name,
        mode: model.mode,
        messages: loaded.messages,
        params,
        ...(structured && { outputSchema: structured.schema }),
        // Each attempt of a node that retries is told and counted, so none may hide in the call.
        ...(config.retries && { maxRetries: 0 }),
        signal,
        executionId: request.executionId,
        onDelta: (text) => (splitter ? splitter.push(text) : request.emitText('text', text)),
        onFile: async (file) => {
          const value = await keepFile(file, owner, files);
          kept.push(value);
          return toMarkdown(request.linked?.(value) ?? value);
        },
      });
      const { text, reasoning } = splitter?.end() ?? { text: answer.text, reasoning: '' };
      const { total_tokens, total_price, currency } = answer.usage;
      const metadata = { total_tokens, total_price, currency };
      report.spent = metadata;
      const usage = usageValue(answer);
      const finished = { usage, finish_reason: answer.finishReason };
      report.processData = { ...report.processData, ...finished };
      const outputs: ValueObject = { text, reasoning_content: reasoning, ...finished };
      if (kept.length > 0) outputs['files'] = kept;
      if (structured) outputs['structured_output'] = await structured.read(answer.text);
      return { outputs, metadata };
    },
    explain,
  );
}

/** Stores what a model made as a file of the run. */
async function keepFile({ mimeType, base64 }: MadeFile, owner: FileOwner, files: FileWriter): Promise<ValueObject> {
  const bytes = Buffer.from(base64, 'base64');
  const content = (async function* () {
    yield bytes;
  })();
  const name = `${randomUUID().replaceAll('-', '')}${extensionOf(mimeType)}`;
  return files.create(owner, { name, mimeType, content, maxBytes: bytes.length });
}

function extensionOf(mimeType: string): string {
  const known = extension(mimeType);
  return known === false ? '' : `.${known}`;
}

/** Times are floats, also when they are whole seconds. */
function usageValue({ usage }: ModelAnswer): ValueObject {
  const float = (value: number | null): Value => (value === null ? null : floatValue(value));
  return {
    ...usage,
    latency: float(usage.latency),
    time_to_first_token: float(usage.time_to_first_token),
    time_to_generate: float(usage.time_to_generate),
  };
}

function explain(error: unknown): Partial<Extract<NodeResult, { status: 'failed' }>> | undefined {
  if (error instanceof TemplateError) return { error: error.message, errorType: 'LLMNodeError' };
  if (!(error instanceof ModelError)) return undefined;
  const { message, errorType, apiCode, retryAfterMs } = error;
  return {
    error: message,
    errorType,
    ...(apiCode !== undefined && { code: apiCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

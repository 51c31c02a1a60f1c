/**
 * The client span of a model call, after the OpenTelemetry conventions for generative AI: one for a call with all of its
 * repetitions, whose HTTP requests are spans below it.
 */
import { ModelError, type ModelRequest } from '@millrace/contracts';
import { withChildSpan, type Attributes, type Span } from '@millrace/telemetry';
import type { ProviderAccess } from './access.js';
import type { StreamedAnswer } from './answer.js';
import { plain } from './call-options.js';
import { canonicalName } from './catalog.js';

/** Names that the conventions give to providers; others keep ours. */
const wellKnown: Partial<Record<string, string>> = {
  azure_openai: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  google: 'gcp.gemini',
  mistralai: 'mistral_ai',
  moonshot: 'moonshot_ai',
  vertex_ai: 'gcp.vertex_ai',
  x: 'x_ai',
};

/** Parameters of files that the conventions have a place for. */
const parameters: Partial<Record<string, string>> = {
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  max_tokens: 'max_tokens',
  max_completion_tokens: 'max_tokens',
  max_output_tokens: 'max_tokens',
  num_predict: 'max_tokens',
  presence_penalty: 'presence_penalty',
  frequency_penalty: 'frequency_penalty',
  seed: 'seed',
};

/** Runs a call as its span. */
export function withChatSpan<T>(
  request: ModelRequest,
  access: ProviderAccess,
  call: (span: Span) => Promise<T>,
): Promise<T> {
  return withChildSpan(
    () => {
      const operation = request.mode === 'chat' ? 'chat' : 'text_completion';
      return { name: `${operation} ${request.model}`, attributes: requested(request, access, operation) };
    },
    call,
    (error) => (error instanceof ModelError ? error.errorType : error instanceof Error ? error.name : 'Error'),
  );
}

function requested(
  { model, params, outputSchema }: ModelRequest,
  access: ProviderAccess,
  operation: string,
): Attributes {
  const attributes: Attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': wellKnown[canonicalName(access.provider)] ?? canonicalName(access.provider),
    'gen_ai.request.model': model,
    'gen_ai.request.stream': true,
    'gen_ai.output.type': outputSchema === undefined ? 'text' : 'json',
    ...serverOf(access.baseUrl),
  };
  for (const [name, raw] of Object.entries(params)) {
    const attribute = parameters[name];
    const value = attribute === undefined ? undefined : plain(raw);
    // A parameter's text is rendered from variables; only numbers say nothing of users.
    if (typeof value === 'number') attributes[`gen_ai.request.${attribute}`] = value;
  }
  return attributes;
}

function serverOf(baseUrl: string): Attributes {
  const url = URL.parse(baseUrl);
  if (!url) return {};
  return {
    'server.address': url.hostname,
    'server.port': Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  };
}

/** Tells the span what came back; of the answer's text nothing. */
export function answeredChat(span: Span, answer: StreamedAnswer, timeToFirstTextMs: number | undefined): void {
  if (!span.isRecording()) return;
  span.setAttributes({
    ...(answer.model !== undefined && { 'gen_ai.response.model': answer.model }),
    ...(answer.id !== undefined && { 'gen_ai.response.id': answer.id }),
    ...(answer.finishReason !== null && { 'gen_ai.response.finish_reasons': [answer.finishReason] }),
    ...(timeToFirstTextMs !== undefined && { 'gen_ai.response.time_to_first_chunk': timeToFirstTextMs / 1000 }),
    'gen_ai.usage.input_tokens': answer.promptTokens,
    'gen_ai.usage.output_tokens': answer.completionTokens,
  });
}

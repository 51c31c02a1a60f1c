import type { Value, ValueObject } from './json.js';

/** API codes that a model provider's failure may carry (service-api 1.5). */
export type ModelApiCode =
  'provider_not_initialize' | 'provider_quota_exceeded' | 'model_currently_not_support' | 'completion_request_error';

/** Class names of model failures as Dify reports them (dsl 3.14). */
export type ModelErrorType =
  | 'InvokeAuthorizationError'
  | 'InvokeRateLimitError'
  | 'InvokeBadRequestError'
  | 'InvokeServerUnavailableError'
  | 'InvokeConnectionError'
  | 'QuotaExceededError'
  | 'ModelNotExistError'
  | 'NoPromptFoundError'
  | 'LLMNodeError';

/** What is said when nothing of a prompt is left to send (dsl 4.6). */
export const noPromptFound =
  'No prompt found in the LLM configuration. Please ensure a prompt is properly configured before proceeding.';

/** A file that a model is shown. */
export interface ModelFile {
  type: 'image' | 'document' | 'audio' | 'video';
  name: string;
  mimeType: string;
  /** The content, in base64, as every provider wants it. */
  base64: string;
  /** How closely an image is looked at, where the provider can be told. */
  detail?: 'high' | 'low';
}

export interface ModelMessage {
  role: 'system' | 'user' | 'assistant';
  text: string;
  /** Stand in front of the text. Kinds that the provider's API cannot carry are left out. */
  files?: readonly ModelFile[];
}

/** One call of a model. */
export interface ModelRequest {
  tenantId: string;
  /** As the workflow file has it, `openai` or `langgenius/openai/openai`. */
  provider: string;
  model: string;
  mode: 'chat' | 'completion';
  /** In completion mode the texts are joined to one prompt. */
  messages: readonly ModelMessage[];
  /** `completion_params` of the file, rendered; unknown keys go to the provider where it takes them. */
  params: Readonly<ValueObject>;
  /** JSON schema (draft 7) that the answer's text should be valid against; the answer is not checked. */
  outputSchema?: Readonly<ValueObject>;
  /** Most repetitions after a transient failure, as long as no text has come. Default 2; 0 for a caller that retries by itself. */
  maxRetries?: number;
  signal: AbortSignal;
  /** Called with each piece of text as it arrives; never with an empty one. */
  onDelta?: (text: string) => void;
  /** Keeps a file of the answer and says which text stands for it there. Without it files are left out. */
  onFile?: (file: MadeFile) => Promise<string>;
  /** Sent as an idempotency hint. */
  executionId: string;
}

/** Token counts, prices and times of one call; prices are decimal text (dsl 4.6). */
export interface ModelUsage {
  prompt_tokens: number;
  prompt_unit_price: string;
  prompt_price_unit: string;
  prompt_price: string;
  completion_tokens: number;
  completion_unit_price: string;
  completion_price_unit: string;
  completion_price: string;
  total_tokens: number;
  total_price: string;
  currency: string;
  /** Seconds. */
  latency: number;
  time_to_first_token: number | null;
  time_to_generate: number | null;
  [key: string]: Value;
}

/** A picture or another file that a model made; all of an answer have 20 MB together at most. */
export interface MadeFile {
  mimeType: string;
  base64: string;
}

export interface ModelAnswer {
  /** Everything that was streamed, with what stands for files; reasoning that the provider sends apart comes in a `<think>` block. */
  text: string;
  /** In the words of the OpenAI API (`stop`, `length`, …); `null` when the provider gave none. */
  finishReason: string | null;
  usage: ModelUsage;
}

/** Port to model providers. */
export interface ModelInvoker {
  /**
   * Streams one answer. Transient failures (429, 5xx, a lost connection) are repeated after a wait, but only before the first text.
   * @throws ModelError when the provider refuses or fails; what `onFile` throws; the signal's reason when aborted
   */
  invoke(request: ModelRequest): Promise<ModelAnswer>;
}

/** A provider's failure; the message holds no secrets. */
export class ModelError extends Error {
  readonly errorType: ModelErrorType;
  readonly apiCode: ModelApiCode | undefined;
  /** Milliseconds the provider asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same call may well succeed a little later. */
  readonly transient: boolean;
  constructor(
    errorType: ModelErrorType,
    message: string,
    options: {
      apiCode?: ModelApiCode | undefined;
      retryAfterMs?: number | undefined;
      transient?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ModelError';
    this.errorType = errorType;
    this.apiCode = options.apiCode;
    this.retryAfterMs = options.retryAfterMs;
    this.transient = options.transient ?? false;
  }
}

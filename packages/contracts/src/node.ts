import type { Value, ValueObject } from './json.js';

/** A selector such as `['llm_1', 'text']` (dsl 2.2). */
export type Selector = readonly string[];

/** What a node execution sees of its run. Reading is pure: values were fetched when it began. */
export interface NodeScope {
  /** Value at a selector (dsl 2.2); `undefined` = missing, `null` = stored null. */
  get(selector: Selector): Value | undefined;
  /** Values of the workflow's secret environment variables, which must not appear in reports. Default: none. */
  readonly secrets?: readonly string[];
}

/** Answers a request for one node execution. */
export interface NodeRequest {
  nodeId: string;
  title: string;
  /** `data` of the node as the file has it. */
  data: ValueObject;
  scope: NodeScope;
  /** Validated start-form values (only the start node uses them). */
  inputs: ValueObject;
  tenantId: string;
  appId: string;
  /** With tenant and app, whose files the node may read and make. */
  endUserId: string;
  runId: string;
  /** Stable over re-runs after a crash; sent to models and HTTP targets as an idempotency hint. */
  executionId: string;
  /** The node retries, and this attempt is its last. Default: false. */
  isLastRetry?: boolean;
  /** Aborted on stop, time limit, lost lease and shutdown. */
  signal: AbortSignal;
  /** Tells the inputs as soon as they are known, for `node_started` of a node that takes a while. */
  reportInputs?(inputs: ValueObject): void;
  /** Tells that a pure node has what it waited for (an interpreter) and computes now; until then it counts as waiting. */
  begins?: () => void;
  /** Streams text of the output variable `name`; `reasoning_content` is not ordered with the text. */
  emitText(name: string, text: string): void;
  /** A file value with a link that is good for some minutes. Default: it stays as it is. */
  linked?(file: ValueObject): ValueObject;
}

export interface NodeMetadata {
  total_tokens?: number;
  /** Decimal text, such as `"0.0004125"`. */
  total_price?: string;
  currency?: string;
  [key: string]: Value | undefined;
}

/** The outcome of one attempt; users' mistakes are results, not exceptions. */
export type NodeResult = {
  inputs: ValueObject;
  processData: ValueObject;
  metadata: NodeMetadata;
} & (
  | { status: 'succeeded'; outputs: ValueObject; /** Branch handle; `source` unless a branch node. */ handle: string }
  | {
      status: 'failed';
      error: string;
      /** Class name of the error as Dify reports it, or empty (dsl 3.6). */
      errorType: string;
      /** API code when a model provider is to blame (`provider_not_initialize`, …). */
      code?: string;
      /** Wait at least this long before a retry. */
      retryAfterMs?: number;
    }
);

/** Executes nodes of one type. */
export interface NodeExecutor {
  type: string;
  /**
   * Computes from variables alone, reaches nothing outside and streams nothing: it may start without being claimed, because
   * running it twice, or after a stop, changes nothing but its settlement, and that is fenced.
   */
  pure?: boolean;
  /** Pure, and done in microseconds: it is not even claimed later. */
  quick?: boolean;
  execute(request: NodeRequest): Promise<NodeResult>;
}

/** Content of known length that is made as it is sent, so that nobody holds it whole. */
export interface StreamedBody {
  /** Bytes. */
  size: number;
  /** Makes the content from its beginning; called again when a redirect wants it once more. */
  read(): AsyncIterable<Uint8Array>;
}

/** An HTTP request through the guarded client. */
export interface OutboundRequest {
  method: string;
  url: string;
  /** The address as its author wrote it, with placeholders for what a run fills in: what traces may show of it. Default: no path is shown. */
  urlTemplate?: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | StreamedBody;
  /** Milliseconds; connect, headers-and-body read, write. */
  timeouts?: { connectMs?: number; readMs?: number; writeMs?: number };
  verifyTls?: boolean;
  followRedirects?: boolean;
  /** Names of headers that stay on their origin when a redirect leads to another, besides the usual ones. */
  confidentialHeaders?: readonly string[];
  signal?: AbortSignal;
}

export interface OutboundResponse<Body = Uint8Array> {
  status: number;
  statusText: string;
  /** Lower-case names; repeated headers joined by `, `. */
  headers: Record<string, string>;
  body: Body;
  /** Final URL after redirects. */
  url: string;
}

/**
 * A response whose body, decompressed, is still to be read, once: to its end, or as far as the reader likes. One that is not
 * read at all must be cancelled. Reading throws `OutboundError`; the error of a broken connection, for example.
 */
export type StreamedResponse = OutboundResponse<AsyncIterable<Uint8Array> & { cancel(): void }>;

/** The one way out: refuses private and link-local addresses at connect time. */
export interface Outbound {
  /** The whole response in memory. `maxResponseBytes` (default 10 MiB): a larger one fails with `ResponseSizeError`. */
  request(request: OutboundRequest & { maxResponseBytes?: number }): Promise<OutboundResponse>;
  /** The beginning of a response; nothing bounds its body but its reader. */
  open(request: OutboundRequest): Promise<StreamedResponse>;
  /** A WHATWG `fetch` under the same guard, for provider SDKs (streams bodies). */
  fetch: typeof globalThis.fetch;
}

/** Port to model credentials of a tenant. */
export interface CredentialSource {
  /** Credentials saved for a provider (last path segment of its name), or `undefined`. */
  credentials(tenantId: string, provider: string): Promise<Record<string, string> | undefined>;
}

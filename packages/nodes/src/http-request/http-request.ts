import {
  FileError,
  OutboundError,
  type FileOwner,
  type FileReader,
  type FileWriter,
  type NodeExecutor,
  type NodeRequest,
  type NodeResult,
  type Outbound,
  type OutboundFailure,
  type StreamedResponse,
} from '@millrace/contracts';
import type { Checks } from '../checks/checks.js';
import { defineNode, type Report, type Success } from '../define-node.js';
import { secretMasker } from '../mask-secrets.js';
import { NodeFailure } from '../node-failure.js';
import { bodyFileValues, openBodyFiles } from './body-files.js';
import { configureHttp, type HttpConfig } from './config.js';
import { receive } from './receive.js';
import { prepareRequest, shownAddress, type PreparedRequest } from './request.js';
import { defaultResponseLimits, retryAfterMs, type ResponseLimits } from './response.js';

/** A status that counts as failure; carries what the server asked for. */
class StatusFailure extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number | undefined,
  ) {
    super(`Request failed with status code ${status}`);
  }
}

export interface HttpRequestDependencies {
  outbound: Pick<Outbound, 'open'>;
  files: FileReader & FileWriter;
  /** What is left out has its default. */
  responseLimits?: Partial<ResponseLimits>;
  checks: Checks;
}

/** Calls an HTTP address through the guarded client (dsl 4.13). Retrying is the engine's work. */
export function createHttpRequestNode({
  outbound,
  files,
  checks,
  responseLimits,
}: HttpRequestDependencies): NodeExecutor {
  const limits = { ...defaultResponseLimits, ...responseLimits };
  return defineNode(
    'http-request',
    async (request, report): Promise<Success> => {
      try {
        return await call(request, report);
      } catch (error) {
        throw withoutSecrets(afterRetries(error, request), secretMasker(request.scope.secrets));
      }
    },
    explain,
  );

  async function call(request: NodeRequest, report: Report): Promise<Success> {
    const config = configureHttp(request.data);
    const { tenantId, appId, endUserId } = request;
    const owner = { tenantId, appId, endUserId };
    const response = await send(owner, config, request, report);
    const { status, headers } = response;
    const isFailure = config.failsOnStatus && (status < 200 || status > 299);
    const store = (body: AsyncIterable<Uint8Array>) =>
      files.createFromResponse(owner, { ...response, body }, limits.maxFileBytes);
    const received = await receive(response, limits, isFailure ? undefined : store);
    if (isFailure) throw new StatusFailure(status, retryAfterMs(status, headers, Date.now()));
    return { outputs: { status_code: status, headers, ...received } };
  }

  /** Sends the request, its files as they are read. They are needed until the response begins. */
  async function send(
    owner: FileOwner,
    config: HttpConfig,
    { scope, signal, executionId }: NodeRequest,
    report: Report,
  ): Promise<StreamedResponse> {
    const values = bodyFileValues(config.body, scope);
    const opened = await openBodyFiles(values, (wanted, maxBytes) =>
      files.open(owner, wanted, { maxBytes, copies: 0, signal }),
    );
    await using _closing = opened.opened;
    const { request, dump } = await prepareRequest(config, scope, opened.files, async (text) => {
      const finding = await checks.check(owner.tenantId, { kind: 'mend', schema: '', text });
      return 'json' in finding ? finding.json : undefined;
    });
    report.processData = { request: dump };
    // Last, as in Dify: the request can be looked at.
    if (!config.isKnownMethod) throw new NodeFailure(`Invalid http method ${config.method}`, 'InvalidHttpMethodError');
    const { timeouts, verifyTls } = config;
    const headers = { ...hint(request, executionId), ...request.headers };
    return await outbound.open({ ...request, urlTemplate: config.url, headers, timeouts, verifyTls, signal });
  }
}

/** Only the node retries (dsl 4.13): the last of its attempts says that they are used up when no connection lasted. */
function afterRetries(error: unknown, { data, scope, isLastRetry = false }: NodeRequest): unknown {
  if (!isLastRetry || !(error instanceof OutboundError) || !connectionProblems.has(error.kind)) return error;
  const message = `Reached maximum retries for URL ${shownAddress(configureHttp(data), scope)}`;
  return new NodeFailure(message, 'HttpRequestNodeError', { cause: error });
}

const connectionProblems: ReadonlySet<OutboundFailure> = new Set(['connect', 'timeout']);

/** Addresses and names in what went wrong may hold secrets: they are made of variables. */
function withoutSecrets(error: unknown, mask: (text: string) => string): unknown {
  if (error instanceof OutboundError) return new OutboundError(error.kind, mask(error.message), { cause: error });
  if (error instanceof NodeFailure) return new NodeFailure(mask(error.message), error.errorType, { cause: error });
  return error;
}

/** Lets a target recognise the repetition of a request after a crash; a header of the user's wins. */
function hint({ method, headers }: PreparedRequest['request'], executionId: string): Record<string, string> {
  const own = Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
  return own || method === 'GET' || method === 'HEAD' ? {} : { 'idempotency-key': executionId };
}

function explain(error: unknown): Partial<Extract<NodeResult, { status: 'failed' }>> | undefined {
  if (error instanceof StatusFailure) {
    const { message, retryAfterMs: wait } = error;
    return { error: message, errorType: 'HTTPResponseCodeError', ...(wait !== undefined && { retryAfterMs: wait }) };
  }
  if (error instanceof FileError) return { error: error.message, errorType: 'FileFetchError' };
  if (error instanceof OutboundError) return { error: error.message, errorType: 'HttpRequestNodeError' };
  return undefined;
}

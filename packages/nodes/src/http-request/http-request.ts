import {
  OutboundError,
  ResponseSizeError,
  type FileReader,
  type FileWriter,
  type NodeExecutor,
  type NodeResult,
  type Outbound,
} from '@millrace/contracts';
import { defineNode, type Success } from '../define-node.js';
import { NodeFailure } from '../node-failure.js';
import { loadBodyFiles } from './body-files.js';
import { configureHttp } from './config.js';
import { prepareRequest, type PreparedRequest } from './request.js';
import { checkSize, decodeText, isFileResponse, maxFileBytes, retryAfterMs } from './response.js';

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
  outbound: Pick<Outbound, 'request'>;
  files: FileReader & FileWriter;
}

/** Calls an HTTP address through the guarded client (dsl 4.13). Retrying is the engine's work. */
export function createHttpRequestNode({ outbound, files }: HttpRequestDependencies): NodeExecutor {
  return defineNode(
    'http-request',
    async ({ data, scope, signal, executionId, tenantId, appId, endUserId }, report): Promise<Success> => {
      const config = configureHttp(data);
      const owner = { tenantId, appId, endUserId };
      const bodyFiles = await loadBodyFiles(config.body, scope, (file, maxBytes) =>
        files.read(owner, file, { maxBytes, signal }),
      );
      const { request, dump } = prepareRequest(config, scope, bodyFiles);
      report.processData = { request: dump };
      const response = await outbound.request({
        ...request,
        urlTemplate: config.url,
        headers: { ...hint(request, executionId), ...request.headers },
        timeouts: config.timeouts,
        verifyTls: config.verifyTls,
        maxResponseBytes: maxFileBytes,
        signal,
      });
      const isFile = response.body.length > 0 && isFileResponse(response.headers, response.body);
      checkSize(isFile, response.body.length);
      if (config.failsOnStatus && (response.status < 200 || response.status > 299)) {
        throw new StatusFailure(response.status, retryAfterMs(response.status, response.headers, Date.now()));
      }
      const body = isFile ? '' : decodeText(response.headers, response.body);
      const made = isFile ? [await files.createFromResponse(owner, response)] : [];
      return { outputs: { status_code: response.status, body, headers: response.headers, files: made } };
    },
    explain,
  );
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
  if (error instanceof ResponseSizeError) return sizeFailure(error);
  if (error instanceof OutboundError) return { error: error.message, errorType: 'HttpRequestNodeError' };
  return undefined;
}

function sizeFailure({ headers, head, currentBytes }: ResponseSizeError) {
  try {
    checkSize(isFileResponse(headers, head), currentBytes);
  } catch (error) {
    if (error instanceof NodeFailure) return { error: error.message, errorType: error.errorType };
  }
  return { error: 'The response is too large', errorType: 'ResponseSizeError' };
}

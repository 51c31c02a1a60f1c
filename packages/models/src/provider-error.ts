import { APICallError } from '@ai-sdk/provider';
import { ModelError, OutboundError, type OutboundFailure } from '@millrace/contracts';

/** Failures of the way out that a repetition does not mend. */
const lasting: ReadonlySet<OutboundFailure> = new Set(['not-allowed', 'invalid-request', 'response-size']);
const longestMessage = 8_000;

/**
 * Turns whatever a provider's client raised into a `ModelError`.
 * @param secrets texts that must not appear in the message
 * @param now epoch milliseconds, for `Retry-After` dates
 */
export function toModelError(error: unknown, provider: string, secrets: readonly string[], now: number): ModelError {
  if (error instanceof ModelError) return error;
  const outbound = findCause(error, (each): each is OutboundError => each instanceof OutboundError);
  const text = (message: string) => `[${provider}] ${short(blot(message, secrets))}`;
  if (outbound) {
    const transient = !lasting.has(outbound.kind);
    return new ModelError('InvokeConnectionError', text(outbound.message), { transient });
  }
  const call = findCause(error, (each): each is APICallError => APICallError.isInstance(each));
  if (call?.statusCode !== undefined && call.statusCode >= 400) return fromStatus(call, call.statusCode, text, now);
  if (call?.statusCode === undefined && call) {
    return new ModelError('InvokeConnectionError', text(call.message), { transient: true });
  }
  const message = error instanceof Error ? error.message : describe(error);
  if (isConnectionFailure(error)) {
    return new ModelError('InvokeConnectionError', text(`Connection lost: ${message}`), { transient: true });
  }
  if (error instanceof Error) return new ModelError('InvokeBadRequestError', text(message));
  return new ModelError('InvokeServerUnavailableError', text(message), { transient: true });
}

/** How providers say, beside the status, what is wrong. */
const signs = {
  quota:
    /insufficient_quota|exceeded_current_quota|exceeded your current quota|credit balance is too low|insufficient.{0,8}balance|balance is insufficient|余额不足|arrearage|ServiceQuotaExceeded/i,
  badKey: /API_KEY_INVALID|(incorrect|invalid) api.?key|api.?key not valid/i,
  unknownModel:
    /model_not_found|invalid_model|is not a valid model|model identifier is invalid|model .{1,80} does not exist/i,
};

function fromStatus(call: APICallError, status: number, text: (message: string) => string, now: number): ModelError {
  const message = text(bodyMessage(call.responseBody) ?? (call.message || `HTTP status ${status}`));
  const details = `${call.message} ${call.responseBody ?? ''}`;
  const retryAfterMs = retryAfter(call.responseHeaders ?? {}, now) ?? retryDelay(details);
  // Google words every rate limit as a quota, and names a delay when it is only that.
  const outOfQuota = signs.quota.test(details) && retryDelay(details) === undefined;
  if (status === 402 || (status < 500 && outOfQuota)) {
    return new ModelError('QuotaExceededError', message, { apiCode: 'provider_quota_exceeded' });
  }
  if (status === 401 || status === 403 || (status === 400 && signs.badKey.test(details))) {
    return new ModelError('InvokeAuthorizationError', message, { apiCode: 'provider_not_initialize' });
  }
  if (status === 429) return new ModelError('InvokeRateLimitError', message, { retryAfterMs, transient: true });
  if (status === 404 ? /model/i.test(details) : status < 500 && signs.unknownModel.test(details)) {
    return new ModelError('ModelNotExistError', message, { apiCode: 'model_currently_not_support' });
  }
  if (status === 408 || status >= 500) {
    return new ModelError('InvokeServerUnavailableError', message, { retryAfterMs, transient: true });
  }
  return new ModelError('InvokeBadRequestError', message);
}

/** The message of an error body, whichever of the usual shapes it has. */
function bodyMessage(body: string | undefined): string | undefined {
  if (body === undefined || !/^\s*[[{]/.test(body)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Cut or not JSON: the client library's words will do.
    return undefined;
  }
  if (Array.isArray(value)) value = value[0];
  for (let depth = 0; depth < 3 && typeof value === 'object' && value !== null; depth += 1) {
    const { error, message, detail } = value as Record<string, unknown>;
    value = error ?? message ?? detail;
  }
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Milliseconds of Google's `"retryDelay": "1.5s"`. */
function retryDelay(body: string): number | undefined {
  const seconds = /"retryDelay":\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

/** Milliseconds from `Retry-After-Ms` or `Retry-After` (seconds or a date). */
export function retryAfter(headers: Record<string, string>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms']);
  if (headers['retry-after-ms'] !== undefined && ms >= 0) return Math.ceil(ms);
  const text = headers['retry-after'];
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? Math.ceil(seconds * 1000) : undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function isConnectionFailure(error: unknown): boolean {
  const codes = /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_)/;
  const found = findCause(
    error,
    (each): each is Error =>
      each instanceof Error &&
      ((each instanceof TypeError && each.message === 'terminated') ||
        ('code' in each && typeof each.code === 'string' && codes.test(each.code))),
  );
  return found !== undefined;
}

function findCause<T>(error: unknown, matches: (each: unknown) => each is T): T | undefined {
  for (let each = error, depth = 0; each !== undefined && each !== null && depth < 8; depth += 1) {
    if (matches(each)) return each;
    each = each instanceof Error ? each.cause : undefined;
  }
  return undefined;
}

/** The text of an error event within a stream. */
function describe(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown };
    if (typeof message === 'string') return message;
    return JSON.stringify(error);
  }
  return 'The provider reported an error';
}

/** A message that a server chose, short enough for events and logs. */
const short = (message: string): string =>
  message.length <= longestMessage
    ? message
    : `${message.slice(0, longestMessage)}… ${message.length - longestMessage} characters left out`;

function blot(message: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message);
}

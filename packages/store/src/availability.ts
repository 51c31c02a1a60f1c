/** SQLSTATE classes and codes that say "not now" rather than "not so". */
const sqlStates = /^(08...|57P0[1235]|57014|53300|53400|25006|58...|HV...)$/;
const systemCodes =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/;
/** Prisma: can't reach, timed out, closed, no connection in time, too many connections. */
const prismaCodes = /^(P1001|P1002|P1008|P1011|P1017|P2024|P2037)$/;
/** What `pg` says without a code. */
const messages =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed)/;
/** Kinds of Prisma's driver-adapter errors. */
const adapterKinds = /^(DatabaseNotReachable|SocketTimeout|ConnectionClosed|TooManyConnections)$/;

interface ErrorFields {
  code?: unknown;
  kind?: unknown;
  originalCode?: unknown;
  message?: unknown;
  cause?: unknown;
  /** Of Prisma's errors without a code of their own: what the driver said. */
  meta?: { driverAdapterError?: unknown } | null | undefined;
  errors?: unknown;
}

const matches = (pattern: RegExp, value: unknown): boolean => typeof value === 'string' && pattern.test(value);

/**
 * Whether an error of the store means that Postgres cannot be reached, is starting or stopping, or did not
 * answer in time. The same call may work a moment later; whether a write took place is not known.
 */
export function isUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, kind, originalCode, message, cause, meta, errors } = error as ErrorFields;
  return (
    [sqlStates, systemCodes, prismaCodes].some((pattern) => matches(pattern, code) || matches(pattern, originalCode)) ||
    matches(adapterKinds, kind) ||
    matches(messages, message) ||
    (Array.isArray(errors) && errors.length > 0 && errors.every(isUnavailable)) ||
    isUnavailable(cause) ||
    isUnavailable(meta?.driverAdapterError)
  );
}

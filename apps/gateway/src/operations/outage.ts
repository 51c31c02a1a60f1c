import { OtherRelease, Outage } from '@millrace/contracts';
import { isUnavailable as isDatabaseUnavailable } from '@millrace/store';

/** What ioredis and Redis say when the server is away, starting, full or a replica. */
const redisMessages =
  /^(Redis does not answer|Connection is closed|Stream isn't writeable|Reached the max retries per request|LOADING |READONLY |MASTERDOWN |CLUSTERDOWN |TRYAGAIN |OOM |MISCONF |NOREPLICAS )/;

/** What ioredis says of a command that it could not even send. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Stream isn't writeable");

/**
 * Whether an error means that Postgres or Redis cannot do its work now, or that a gateway of another release must do it:
 * the caller may try again soon.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof OtherRelease || error instanceof Outage) return true;
  if (typeof error !== 'object' || error === null) return false;
  const message = 'message' in error ? String(error.message) : '';
  return redisMessages.test(message) || isDatabaseUnavailable(error);
}

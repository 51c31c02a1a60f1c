import { Outage } from '@millrace/contracts';
import { isUnavailable as isDatabaseUnavailable } from '@millrace/store';

/** What ioredis and Redis say when the server is away, starting, full or a replica. */
const redisMessages =
  /^(Redis does not answer|Connection is closed|Stream isn't writeable|Reached the max retries per request|LOADING |READONLY |MASTERDOWN |CLUSTERDOWN |TRYAGAIN |OOM |MISCONF |NOREPLICAS )/;

/** Whether an error means that Postgres or Redis cannot do its work now: the caller may try again soon. */
export function isUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const message = 'message' in error ? String(error.message) : '';
  return error instanceof Outage || redisMessages.test(message) || isDatabaseUnavailable(error);
}

import { ApiError } from '@millrace/contracts';
import type { LogQuery } from './ports.js';

const statuses = ['succeeded', 'failed', 'stopped'] as const;
/** ISO 8601, extended or basic, also with a reduced precision. */
const iso =
  /^(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?(?:Z|([+-]\d{2}):?(\d{2})?)?)?$/i;

/**
 * Reads the query of the run history (service-api 2.5).
 * @throws ApiError `invalid_param`
 */
export function parseLogQuery(query: Record<string, unknown>): LogQuery {
  const keyword = text(query, 'keyword');
  const status = text(query, 'status');
  const session = text(query, 'created_by_end_user_session_id');
  const account = text(query, 'created_by_account');
  // Runs are started by end users only; no account of this name can exist.
  if (account) throw new ApiError('invalid_param', `Account not found: ${account}`);
  return {
    page: whole(query, 'page', 1, 99_999),
    limit: whole(query, 'limit', 20, 100),
    ...(keyword ? { keyword } : {}),
    ...(status === undefined ? {} : { status: parseStatus(status) }),
    ...createdBetween(query),
    ...(session ? { sessionId: session } : {}),
  };
}

/**
 * Reads `created_at__after` and `created_at__before`, both inclusive, as Unix ms.
 * @throws ApiError `invalid_param`
 */
export function createdBetween(query: Record<string, unknown>): Pick<LogQuery, 'beforeMs' | 'afterMs'> {
  const before = text(query, 'created_at__before');
  const after = text(query, 'created_at__after');
  return {
    ...(before ? { beforeMs: endOf(before, time('created_at__before', before)) } : {}),
    ...(after ? { afterMs: time('created_at__after', after) } : {}),
  };
}

function text(query: Record<string, unknown>, name: string): string | undefined {
  const given = query[name];
  const value: unknown = Array.isArray(given) ? given[0] : given;
  if (value === undefined || typeof value === 'string') return value;
  throw new ApiError('invalid_param', `${name} must be a string.`);
}

function whole(query: Record<string, unknown>, name: string, fallback: number, max: number): number {
  const value = text(query, name);
  if (value === undefined) return fallback;
  const number = /^\s*\+?\d+\s*$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= max) return number;
  throw new ApiError('invalid_param', `${name} must be a whole number from 1 to ${max}.`);
}

function parseStatus(value: string): (typeof statuses)[number] {
  const status = statuses.find((each) => each === value);
  if (status) return status;
  throw new ApiError('invalid_param', `status must be one of ${statuses.join(', ')}.`);
}

/** Without a zone it is UTC. In a query string `+` arrives as a blank. */
function time(name: string, value: string): number {
  const given = value.trim().replace(/([T ]\d{2}\S*) (\d{2}(?::?\d{2})?)$/i, '$1+$2');
  const [, year, month = '01', day = '01', ...clock] = iso.exec(given) ?? [];
  const [hours = '00', minutes = '00', seconds = '00', fraction = '0', zone = '+00', zoneMinutes = '00'] = clock;
  const date = `${year}-${month}-${day}`;
  const ms = isDate(date)
    ? Date.parse(`${date}T${hours}:${minutes}:${seconds}.${fraction}${zone}:${zoneMinutes}`)
    : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new ApiError('invalid_param', `${name} must be an ISO 8601 time.`);
}

/** Whether the calendar has the day: `Date.parse` takes February 30th for March 2nd. */
function isDate(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** Answers name whole seconds, so a bound in whole seconds includes all of its second. */
const endOf = (text: string, ms: number): number => (/[.,]\d*[1-9]/.test(text) ? ms : ms + 999);

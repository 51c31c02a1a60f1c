import { ApiError, isLongerThan, type Value } from '@millrace/contracts';
import { isNumber, pythonStr, truthy } from '@millrace/graph';

const maxLength = 255;

/**
 * The caller's `user` as text (service-api 1.3): numbers become text, as Python prints them; falsy values count as
 * missing, other types are refused.
 * @throws ApiError `invalid_param`
 */
export function parseUser(value: Value | undefined): string {
  if (value === undefined || !truthy(value)) throw new ApiError('invalid_param', 'Arg user must be provided.');
  if (typeof value !== 'string' && !isNumber(value)) throw new ApiError('invalid_param', 'user must be a string.');
  const text = pythonStr(value);
  if (isLongerThan(maxLength, text))
    throw new ApiError('invalid_param', `user must have at most ${maxLength} characters.`);
  return text;
}

/** `user` of a query string; a repeated parameter counts once. */
export const parseQueryUser = (value: unknown): string =>
  parseUser(typeof value === 'string' ? value : Array.isArray(value) && typeof value[0] === 'string' ? value[0] : '');

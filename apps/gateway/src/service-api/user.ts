import { ApiError, Float, type Value } from '@millrace/contracts';

const maxLength = 255;

/**
 * The caller's `user` as text (service-api 1.3): numbers become text; falsy values count as missing.
 * @throws ApiError `invalid_param`
 */
export function parseUser(value: Value | undefined): string {
  const user = value instanceof Float ? value.value.toFixed(1) : value;
  if (!user) throw new ApiError('invalid_param', 'Arg user must be provided.');
  if (typeof user !== 'string' && typeof user !== 'number' && typeof user !== 'bigint') {
    throw new ApiError('invalid_param', 'user must be a string.');
  }
  const text = String(user);
  if (text.length > maxLength && Array.from(text).length > maxLength)
    throw new ApiError('invalid_param', `user must have at most ${maxLength} characters.`);
  return text;
}

/** `user` of a query string; a repeated parameter counts once. */
export const parseQueryUser = (value: unknown): string =>
  parseUser(typeof value === 'string' ? value : Array.isArray(value) && typeof value[0] === 'string' ? value[0] : '');

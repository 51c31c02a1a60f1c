import { ApiError, Float, isLongerThan, type Value, type ValueObject } from '@millrace/contracts';

/** Readers of body and query fields; all throw `invalid_param` that names the field. */
const refuse = (message: string): never => {
  throw new ApiError('invalid_param', message);
};

/** Absent and `null` are the same. */
export function optionalText(body: ValueObject, name: string, maxLength = 10_000_000): string | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return refuse(`${name} must be a string.`);
  return isLongerThan(maxLength, value) ? refuse(`${name} must have at most ${maxLength} characters.`) : value;
}

export function requiredText(body: ValueObject, name: string, maxLength?: number): string {
  const value = optionalText(body, name, maxLength)?.trim();
  return value ? value : refuse(`${name} is required.`);
}

export function requiredBoolean(body: ValueObject, name: string): boolean {
  const value = body[name];
  return typeof value === 'boolean' ? value : refuse(`${name} must be true or false.`);
}

export function optionalObject(body: ValueObject, name: string): ValueObject | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  return isObject(value) ? value : refuse(`${name} must be an object.`);
}

export function optionalList(body: ValueObject, name: string): Value[] | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value : refuse(`${name} must be an array.`);
}

export const isObject = (value: Value | undefined): value is ValueObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Float);

/** Which part of a list is asked for; pages count from 1. */
export interface Page {
  page: number;
  limit: number;
}

export function parsePage(query: Record<string, unknown>, defaultLimit: number): Page {
  return { page: whole(query, 'page', 1, 99_999), limit: whole(query, 'limit', defaultLimit, 100) };
}

function whole(query: Record<string, unknown>, name: string, fallback: number, max: number): number {
  const value = query[name];
  if (value === undefined) return fallback;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : 0;
  return number >= 1 && number <= max ? number : refuse(`${name} must be a whole number from 1 to ${max}.`);
}

/** Keys that JavaScript puts first and sorts, whenever they were added. */
const wholeNumber = /^(?:0|[1-9]\d{0,9})$/;

/**
 * An object of users' values, with its keys in the order given, as Python keeps it. Any name is an ordinary key. Where JavaScript
 * would sort the keys, a proxy tells them in their order; such an object cannot be changed.
 */
export function objectOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const object = Object.fromEntries(entries);
  if (!entries.some(([key]) => wholeNumber.test(key))) return object;
  const keys = [...new Set(entries.map(([key]) => key))];
  const sorted = Object.keys(object);
  if (keys.every((key, at) => key === sorted[at])) return object;
  return new Proxy(Object.freeze(object), { ownKeys: () => keys });
}

/** Adds a member of any name; assigning to `__proto__` would not. */
export function defineMember<T>(object: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

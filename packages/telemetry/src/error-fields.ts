/**
 * What may be logged of an error. Drivers hang whole connections and users' rows on theirs, so only
 * the named fields are taken.
 */
export function errorFields(error: unknown): object {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { name, message, code, stack, cause } = error as Partial<Record<string, unknown>>;
  return { name, message, code, stack, ...(cause === undefined ? {} : { cause: errorFields(cause) }) };
}

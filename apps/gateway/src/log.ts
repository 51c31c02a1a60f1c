/** What the gateway needs of a logger (pino's shape). */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For tests that expect errors. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * What may be logged of an error. Drivers hang whole connections and users' rows on theirs, so only
 * the named fields are taken.
 */
export function errorFields(error: unknown): { err: object } {
  if (typeof error !== 'object' || error === null) return { err: { message: String(error) } };
  const { name, message, code, stack, cause } = error as Partial<Record<string, unknown>>;
  return { err: { name, message, code, stack, ...(cause === undefined ? {} : { cause: errorFields(cause).err }) } };
}

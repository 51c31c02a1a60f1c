/** What the gateway needs of a logger (pino's shape). */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For tests that expect errors. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

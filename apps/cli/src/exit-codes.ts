/** What the command's exit code says; documented in docs/cli.md. */
export const exitCodes = {
  ok: 0,
  /** What was asked for ended badly: a run failed or was stopped, a file was not imported. */
  failed: 1,
  /** The command line, its inputs or its settings make no sense. Nothing was done. */
  usage: 2,
  /** The server is not there, or can't take it now. Trying again may help. */
  unavailable: 3,
  /** The server says no: wrong key, not found, not allowed. */
  refused: 4,
  /** Ctrl-C. A run that was followed goes on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with a message for people and a code for scripts. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
  }
}

export const usageError = (message: string): CliError => new CliError(exitCodes.usage, message);

/** The code for an HTTP status other than success. */
export function exitCodeOf(status: number, code?: string): ExitCode {
  if (status === 429 || status >= 500) return exitCodes.unavailable;
  return status === 400 && code === 'invalid_param' ? exitCodes.usage : exitCodes.refused;
}

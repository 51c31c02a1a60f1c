/** One line for people, on standard error: standard output belongs to results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An error in words; a refused connection is an AggregateError without a message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}

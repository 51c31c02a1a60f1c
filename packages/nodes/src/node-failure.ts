/** A node that fails through its configuration or data: becomes a failed result, never a crash. */
export class NodeFailure extends Error {
  /** Class name of the error as Dify reports it; may be empty (dsl 3.6). */
  readonly errorType: string;
  constructor(message: string, errorType: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'NodeFailure';
    this.errorType = errorType;
  }
}

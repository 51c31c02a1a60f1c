/** Why a guarded request gave no response. */
export type OutboundFailure =
  | 'invalid-request'
  | 'not-allowed'
  | 'connect'
  | 'timeout'
  | 'too-many-redirects'
  | 'response-size'
  | 'decode'
  | 'aborted';

/** A guarded request that failed; the message is fit for users and holds no secrets. */
export class OutboundError extends Error {
  readonly kind: OutboundFailure;
  constructor(kind: OutboundFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'OutboundError';
    this.kind = kind;
  }
}

/** The response is larger than `maxResponseBytes`; it was abandoned, never cut. */
export class ResponseSizeError extends OutboundError {
  constructor(
    readonly maxBytes: number,
    /** Announced size, or what had arrived when the limit was passed. */
    readonly currentBytes: number,
  ) {
    super('response-size', `Response size ${currentBytes} bytes exceeds the limit of ${maxBytes} bytes`);
    this.name = 'ResponseSizeError';
  }
}

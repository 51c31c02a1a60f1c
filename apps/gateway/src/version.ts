/** Sent as `X-Version` with every answer. */
export const serverVersion = '0.1.0';

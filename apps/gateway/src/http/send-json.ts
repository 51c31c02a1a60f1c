import type { Response } from 'express';

/** An answer as text: users' values keep integers and floats apart. */
export interface JsonAnswer {
  status: number;
  body: string;
}

/** Sends JSON that is already text. */
export function sendJsonText(res: Response, { status, body }: JsonAnswer): void {
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}

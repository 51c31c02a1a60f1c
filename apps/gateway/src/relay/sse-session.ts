import type { ServerResponse } from 'node:http';
import { onceClosed } from '../http/once-closed.js';
import type { StoredEvent } from './ports.js';

export interface SseOptions {
  /** A slow client has room again: call to get more events. */
  onDrain: () => void;
  /** The client has gone, or was cut off. */
  onClose: () => void;
  /** A ping at once and after each silence of `pingMs`. Default true. */
  pings?: boolean;
  /** Default 10,000 ms. */
  pingMs?: number;
  /** Pings every `pingMs`, whatever is sent in between. Default false. */
  pingsThroughout?: boolean;
  /** Bytes that may wait for a slow client before it is given no more events. Default 1 MiB. */
  maxPendingBytes?: number;
  /** A client that takes nothing for so long is disconnected. Default 60,000 ms. */
  stalledMs?: number;
}

/** One SSE response. */
export interface SseSession {
  /** Writes events until the client's buffer is full; answers how many were written. */
  send(events: StoredEvent[]): number;
  end(): void;
}

// `Connection` is left to Node: it says keep-alive, unless the client or a stopping server wants it closed.
const headers = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** Events are joined to writes of about this many characters. */
const chunkLength = 64 * 1024;

const pingFrame = 'event: ping\n\n';
const frame = ({ id, event }: StoredEvent): string =>
  id === '' ? `data: ${event}\n\n` : `id: ${id}\ndata: ${event}\n\n`;

/** Opens the stream: headers, and the first ping, are on their way when this returns. */
export function openSseSession(res: ServerResponse, options: SseOptions): SseSession {
  const {
    onDrain,
    onClose,
    pings = true,
    pingMs = 10_000,
    pingsThroughout = false,
    maxPendingBytes = 1024 * 1024,
    stalledMs = 60_000,
  } = options;
  let full = false;
  res.socket?.setNoDelay(true);
  res.writeHead(200, headers);
  res.flushHeaders();

  const ping = pings ? setInterval(() => res.writableNeedDrain || res.write(pingFrame), pingMs) : undefined;
  if (pings) res.write(pingFrame);

  // Node starts the time again whenever the client has taken some of what waits for it.
  res.setTimeout(stalledMs, () => {
    if (res.writableNeedDrain) res.destroy();
  });
  res.on('drain', () => {
    if (!full) return;
    full = false;
    onDrain();
  });
  onceClosed(res, () => {
    clearInterval(ping);
    onClose();
  });

  return {
    send(events) {
      if (res.writableEnded) return 0;
      let sent = 0;
      while (sent < events.length && !full) {
        let chunk = '';
        while (sent < events.length && chunk.length < chunkLength) chunk += frame(events[sent++] as StoredEvent);
        res.write(chunk);
        // Only a response that will drain may be declared full: nothing else would wake it up.
        full = res.writableNeedDrain && res.writableLength > maxPendingBytes;
      }
      if (!pingsThroughout) ping?.refresh();
      return sent;
    },
    end() {
      clearInterval(ping);
      res.end();
    },
  };
}

import * as zlib from 'node:zlib';
import { promisify } from 'node:util';

/** A public event of a run with its id, `<epoch>-<seq>`. */
export interface ArchivedEvent {
  id: string;
  /** JSON text. */
  event: string;
}

export type Codec = 'zstd' | 'gzip';

const hasZstd = typeof zlib.zstdCompressSync === 'function';
/** Small streams are packed at once: a trip to the thread pool costs more than they do. */
const inlineBytes = 64 * 1024;

/** Level 1 of zstd packs event streams about ten to one, in a fraction of gzip's time. */
export async function packEvents(events: readonly ArchivedEvent[]): Promise<{ codec: Codec; bytes: Buffer }> {
  // One event a line: JSON text holds no line feed, and joining is much cheaper than quoting it once more.
  const text = Buffer.from(events.map(({ id, event }) => `${id} ${event}`).join('\n'));
  const inline = text.length <= inlineBytes;
  if (hasZstd) {
    const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };
    const bytes = inline ? zlib.zstdCompressSync(text, options) : await promisify(zlib.zstdCompress)(text, options);
    return { codec: 'zstd', bytes };
  }
  const bytes = inline ? zlib.gzipSync(text, { level: 1 }) : await promisify(zlib.gzip)(text, { level: 1 });
  return { codec: 'gzip', bytes };
}

/** @throws when the bytes are damaged, or packed by a newer Node than this one */
export async function unpackEvents(codec: string, bytes: Buffer): Promise<ArchivedEvent[]> {
  if (codec === 'zstd' && !hasZstd) throw new Error('This archive needs Node 22.15 or later (zstd).');
  const text = codec === 'zstd' ? await promisify(zlib.zstdDecompress)(bytes) : await promisify(zlib.gunzip)(bytes);
  if (text.length === 0) return [];
  return text
    .toString()
    .split('\n')
    .map((line) => {
      const space = line.indexOf(' ');
      return { id: line.slice(0, space), event: line.slice(space + 1) };
    });
}

/** The events that come after an id; all of them when it is not an event id. */
export function eventsAfter(events: ArchivedEvent[], after: string): ArchivedEvent[] {
  const last = parseEventId(after);
  if (!last) return events;
  return events.filter(({ id }) => {
    const place = parseEventId(id);
    return !place || place.epoch > last.epoch || (place.epoch === last.epoch && place.seq > last.seq);
  });
}

function parseEventId(id: string): { epoch: number; seq: number } | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  return match ? { epoch: Number(match[1]), seq: Number(match[2]) } : undefined;
}

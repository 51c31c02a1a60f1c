import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => uuidPattern.test(text);

/** A run id: UUIDv7, so that it carries the run's creation time and with it its partition. */
export const newRunId = (nowMs: number): string => v7({ msecs: nowMs });

/** Any other id. */
export const newId = (): string => randomUUID();

/** Order of event ids, `<epoch>-<seq>`: negative when `a` comes before `b`, zero when they are equal. */
export function compareEventIds(a: string, b: string): number {
  const [dashA, dashB] = [a.indexOf('-'), b.indexOf('-')];
  return (
    Number(a.slice(0, dashA)) - Number(b.slice(0, dashB)) || Number(a.slice(dashA + 1)) - Number(b.slice(dashB + 1))
  );
}

/** Creation time (Unix ms) carried by a UUIDv7, or `undefined` for any other text. */
export function runCreatedAtMs(runId: string): number | undefined {
  if (!isUuid(runId) || runId[14] !== '7') return undefined;
  return Number.parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16);
}

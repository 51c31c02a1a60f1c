const pattern = /^(\d{1,15})-(\d{1,15})$/;

/** A well-formed event id (`<epoch>-<seq>`), or `undefined`: a malformed `Last-Event-ID` is ignored. */
export const parseEventId = (text: string | undefined): string | undefined =>
  text !== undefined && pattern.test(text.trim()) ? text.trim() : undefined;

/** Negative when `a` comes before `b`, zero when they are equal. Both must be well-formed. */
export function compareEventIds(a: string, b: string): number {
  const [epochA, seqA] = numbers(a);
  const [epochB, seqB] = numbers(b);
  return epochA - epochB || seqA - seqB;
}

/** Whether `id` comes after the cursor; everything comes after no cursor. */
export const isAfter = (id: string, cursor: string | undefined): boolean =>
  cursor === undefined || compareEventIds(id, cursor) > 0;

function numbers(id: string): [epoch: number, seq: number] {
  const dash = id.indexOf('-');
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}

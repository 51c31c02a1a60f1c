import { compareEventIds } from '@millrace/contracts';

const pattern = /^(\d{1,15})-(\d{1,15})$/;

/** A well-formed event id (`<epoch>-<seq>`), or `undefined`: a malformed `Last-Event-ID` is ignored. */
export const parseEventId = (text: string | undefined): string | undefined =>
  text !== undefined && pattern.test(text.trim()) ? text.trim() : undefined;

/** Whether `id` comes after the cursor; everything comes after no cursor. */
export const isAfter = (id: string, cursor: string | undefined): boolean =>
  cursor === undefined || compareEventIds(id, cursor) > 0;

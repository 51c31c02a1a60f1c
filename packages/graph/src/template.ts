import type { Selector, Value } from '@millrace/contracts';
import { formatValue, type TextForm } from './values/text.js';

/** One `{{#node.name#}}` reference (dsl 2.5). */
const reference = /\{\{#([A-Za-z0-9_]{1,50}(?:\.[A-Za-z_][A-Za-z0-9_]{0,29}){1,10})#\}\}/g;

/** Most characters that the references of one node may insert: a short template may refer to a long text any number of times. */
const mostInserted = 20 * 1024 * 1024;

/** References would insert more text than a node may hold. */
export class TextSizeError extends Error {
  override readonly name = 'TextSizeError';
}

/** What counts the characters that are inserted, and the items of lists that are looked at for them. It throws `TextSizeError` when they are too many. */
export type SpendText = (length: number) => void;

export function textBudget(): SpendText {
  let left = mostInserted;
  return (length) => {
    left -= length;
    if (left < 0) throw new TextSizeError(`The variables insert more than ${mostInserted} characters`);
  };
}

/**
 * Replaces every reference by the text form of its value, once. A missing variable leaves its bare
 * path (`llm_1.text`); text that is no reference stays as it is.
 * @param spend counts what is inserted; default: for this text alone
 * @throws TextSizeError
 */
export function renderTemplate(
  text: string,
  get: (selector: Selector) => Value | undefined,
  form: TextForm = 'text',
  spend: SpendText = textBudget(),
): string {
  if (!text.includes('{{#')) return text;
  return text.replace(reference, (_match, path: string) => {
    const value = get(path.split('.'));
    const inserted = value === undefined ? path : formatValue(value, form);
    // A list of files is looked at whole, and may insert nothing.
    spend(inserted.length + (Array.isArray(value) ? value.length : 0));
    return inserted;
  });
}

/** The selectors a template refers to, in order, repeats included. */
export const templateReferences = (text: string): Selector[] =>
  text.includes('{{#') ? Array.from(text.matchAll(reference), (match) => (match[1] ?? '').split('.')) : [];

import type { Selector, Value } from '@millrace/contracts';
import { formatValue, type TextForm } from './values/text.js';

/** One `{{#node.name#}}` reference (dsl 2.5). */
const reference = /\{\{#([A-Za-z0-9_]{1,50}(?:\.[A-Za-z_][A-Za-z0-9_]{0,29}){1,10})#\}\}/g;

/**
 * Replaces every reference by the text form of its value, once. A missing variable leaves its bare
 * path (`llm_1.text`); text that is no reference stays as it is.
 */
export function renderTemplate(
  text: string,
  get: (selector: Selector) => Value | undefined,
  form: TextForm = 'text',
): string {
  if (!text.includes('{{#')) return text;
  return text.replace(reference, (_match, path: string) => {
    const value = get(path.split('.'));
    return value === undefined ? path : formatValue(value, form);
  });
}

/** The selectors a template refers to, in order, repeats included. */
export const templateReferences = (text: string): Selector[] =>
  text.includes('{{#') ? Array.from(text.matchAll(reference), (match) => (match[1] ?? '').split('.')) : [];

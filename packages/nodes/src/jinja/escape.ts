import { spendText } from './meter.js';
import { print } from './printing.js';
import { Markup, type Item } from './runtime.js';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

/** Text fit for HTML; what is escaped already stays as it is. */
export function escapeText(item: Item): string {
  if (item instanceof Markup) return item.text;
  const text = print(item);
  spendText(text.length);
  return text.replace(/[&<>'"]/g, (char) => escapes[char] ?? char);
}

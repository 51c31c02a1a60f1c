import { type Float } from '@millrace/contracts';
import { isInteger, maxIntegerDigits, numberText, pythonRepr } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedText, maxTextLength, spend } from './meter.js';
import {
  Attributes,
  Callable,
  entriesOf,
  isList,
  isMapping,
  Markup,
  Range,
  Tuple,
  Undefined,
  View,
  type Item,
  type Mapping,
} from './runtime.js';

/** The text an expression prints: Python's `str`. */
export function print(item: Item): string {
  if (typeof item === 'string') return item;
  if (item instanceof Markup) return item.text;
  return item instanceof Undefined ? '' : repr(item);
}

/** Python's `repr`, on request with mappings in the order of their keys. */
export function repr(item: Item, isSorted = false): string {
  const text = new Printer(isSorted).text(item, new Set());
  return boundedText(text.length, () => text);
}

class Printer {
  private room = maxTextLength;
  constructor(private readonly isSorted: boolean) {}

  text(item: Item, open: Set<object>): string {
    spend(1);
    if (typeof item === 'string') return this.fits(pythonRepr(item));
    if (item instanceof Markup) return this.fits(`Markup(${pythonRepr(item.text)})`);
    if (isList(item)) return this.nested(item, open, () => this.list(item, open));
    if (isMapping(item)) return this.nested(item, open, () => this.mapping(this.entries(item), open));
    if (item instanceof Undefined) return 'Undefined';
    if (item instanceof Range) return `range(${item.start}, ${item.stop}${item.step === 1 ? '' : `, ${item.step}`})`;
    if (item instanceof Callable) return `<function ${item.name}>`;
    if (item instanceof Attributes) return `<${item.label}>`;
    return this.fits(scalarText(item));
  }

  /** A list that holds itself prints as `[...]`. */
  private nested(item: object, open: Set<object>, write: () => string): string {
    if (open.has(item)) return isList(item as Item) ? '[...]' : '{...}';
    open.add(item);
    const text = write();
    open.delete(item);
    return text;
  }

  private list(items: Item[], open: Set<object>): string {
    const inner = items.map((each) => this.text(each, open)).join(', ');
    this.fits(', '.repeat(Math.max(0, items.length - 1)));
    if (items instanceof Tuple) return `(${inner}${items.length === 1 ? ',' : ''})`;
    return items instanceof View ? `${items.label}([${inner}])` : `[${inner}]`;
  }

  private entries(mapping: Mapping): [Item, Item][] {
    const entries = entriesOf(mapping);
    return this.isSorted ? entries.sort(([a], [b]) => (print(a) < print(b) ? -1 : 1)) : entries;
  }

  private mapping(entries: [Item, Item][], open: Set<object>): string {
    return `{${entries.map(([key, value]) => this.fits(`${this.text(key, open)}: `) + this.text(value, open)).join(', ')}}`;
  }

  private fits(text: string): string {
    this.room -= text.length;
    if (this.room < 0) throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
    return text;
  }
}

function scalarText(value: null | boolean | number | bigint | Float): string {
  if (value === null || typeof value === 'boolean') return pythonRepr(value);
  const text = numberText(value);
  if (typeof value === 'bigint' && text.length > maxIntegerDigits + 1 && isInteger(value))
    throw new TemplateError(`Exceeds the limit (${maxIntegerDigits} digits) for integer string conversion`);
  return text;
}

export const isText = (item: Item): item is string | Markup => typeof item === 'string' || item instanceof Markup;

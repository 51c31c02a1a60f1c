import { Float, type Value, type ValueObject } from '@millrace/contracts';
import { isInteger, isObject, truthy, typeName } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedText, boundList, spend, spendText } from './meter.js';

export type Named = Record<string, Item>;

/** A variable that does not exist: prints nothing, and fails when looked into. */
export class Undefined {
  constructor(readonly message: string) {}
}

export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: Item[], named: Named) => Item,
    readonly members: ReadonlyMap<string, Item> = new Map(),
  ) {}
}

/** An object with attributes: `loop`, a namespace, a cycler. */
export class Attributes {
  constructor(
    readonly label: string,
    readonly members: { get(name: string): Item | undefined; set?(name: string, value: Item): unknown },
    /** What calling the object does. */
    readonly call?: (args: Item[]) => Item,
  ) {}
}

/** Text that is escaped already. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What `range` returns: printed as a range, walked like a list. */
export class Range {
  readonly length: number;
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }
  items(): number[] {
    boundList(this.length);
    return Array.from({ length: this.length }, (_, i) => this.start + i * this.step);
  }
}

/** A list that can't change; `names` are those of a named tuple. */
export class Tuple extends Array<Value> {
  static override get [Symbol.species]() {
    return Array;
  }
  names: readonly string[] = [];
  static with(items: readonly Item[], names: readonly string[] = []): Tuple {
    const tuple = new Tuple();
    for (const item of items) tuple.push(item as Value);
    tuple.names = names;
    return tuple;
  }
}

/** What `items()`, `keys()` and `values()` return. */
export class View extends Array<Value> {
  static override get [Symbol.species]() {
    return Array;
  }
  label = '';
  static with(label: string, items: readonly Item[]): View {
    const view = new View();
    for (const item of items) view.push(item as Value);
    view.label = label;
    return view;
  }
}

/** A mapping that a template makes; unlike the run's own it may have keys of any hashable kind. */
export class Dict {
  private readonly members = new Map<unknown, [Item, Item]>();
  constructor(entries: Iterable<readonly [Item, Item]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }
  get size(): number {
    return this.members.size;
  }
  get(key: Item): Item | undefined {
    return this.members.get(hash(key))?.[1];
  }
  set(key: Item, value: Item): void {
    spend(1);
    const at = hash(key);
    const known = this.members.get(at);
    if (known) known[1] = value;
    else this.members.set(at, [plain(key), value]);
  }
  delete(key: Item): void {
    this.members.delete(hash(key));
  }
  clear(): void {
    this.members.clear();
  }
  entries(): IterableIterator<[Item, Item]> {
    return this.members.values();
  }
}

export type Mapping = ValueObject | Dict;

/** Any value of an expression. Lists may hold items that exist only in templates, which types do not show. */
export type Item = Value | Undefined | Callable | Attributes | Markup | Range | Dict;

/** Equal keys have the same hash, as in Python (`1 == 1.0 == True`). */
export function hash(key: Item): unknown {
  const item = plain(key);
  if (typeof item === 'boolean') return Number(item);
  if (item instanceof Float) return item.value;
  if (item instanceof Undefined) return Undefined;
  if (item instanceof Tuple) {
    spend(1);
    const parts = item.map((each) => {
      const part = hash(each);
      return `${typeof part} ${String(part)}`;
    });
    const size = parts.reduce((sum, part) => sum + part.length + 1, 0);
    return boundedText(size, () => `\0(${parts.join('\0')}\0)`);
  }
  if (item instanceof Dict || Array.isArray(item) || isObject(item as Value))
    if (!isSpecial(item) || item instanceof Dict) throw new TemplateError(`unhashable type: '${kindOf(item)}'`);
  return item;
}

/** Without the mark of escaped text. */
export const plain = (item: Item): Exclude<Item, Markup> => (item instanceof Markup ? item.text : item);

/** Is this something that exists only while a template is rendered, and is no list or mapping? */
export const isSpecial = (item: Item): item is Undefined | Callable | Attributes | Range | Markup =>
  item instanceof Undefined ||
  item instanceof Callable ||
  item instanceof Attributes ||
  item instanceof Range ||
  item instanceof Markup;

export const isMapping = (item: Item | undefined): item is Mapping =>
  item instanceof Dict || (item !== undefined && !isSpecial(item) && isObject(item));

export const sizeOf = (mapping: Mapping): number =>
  mapping instanceof Dict ? mapping.size : Object.keys(mapping).length;

export function entriesOf(mapping: Mapping): [Item, Item][] {
  const entries: [Item, Item][] = mapping instanceof Dict ? [...mapping.entries()] : Object.entries(mapping);
  spend(entries.length);
  return entries;
}

/** The value under a key; `undefined` when there is none. */
export function valueAt(mapping: Mapping, key: Item): Item | undefined {
  if (mapping instanceof Dict) return mapping.get(key);
  const name = plain(key);
  if (typeof name === 'string') return Object.hasOwn(mapping, name) ? (mapping[name] ?? null) : undefined;
  hash(name);
  return undefined;
}

/** The item as a value. @throws TemplateError for an undefined variable */
export function defined(item: Item): Exclude<Item, Undefined | Markup> {
  if (item instanceof Undefined) throw new TemplateError(item.message);
  return plain(item) as Exclude<Item, Undefined | Markup>;
}

export function isTrue(item: Item): boolean {
  if (item instanceof Undefined) return false;
  if (item instanceof Markup) return item.text !== '';
  if (item instanceof Range) return item.length > 0;
  if (item instanceof Dict) return item.size > 0;
  return isSpecial(item) || truthy(item);
}

/** Name of the Python class. */
export function kindOf(item: Item): string {
  if (item instanceof Undefined) return 'Undefined';
  if (item instanceof Callable) return 'function';
  if (item instanceof Attributes) return item.label;
  if (item instanceof Markup) return 'Markup';
  if (item instanceof Range) return 'range';
  if (item instanceof Dict) return 'dict';
  if (item instanceof Tuple) return 'tuple';
  if (item instanceof View) return item.label;
  return typeName(item);
}

/** A list, a tuple or a view of a mapping. */
export const isList = (item: Item | undefined): item is Value[] => Array.isArray(item);

/** The items a loop or filter runs over: list items, keys of a mapping, characters. An undefined variable is empty. */
export function iterate(item: Item): Item[] {
  if (item instanceof Undefined) return [];
  const value = plain(item);
  if (typeof value === 'string') return characters(value);
  if (value instanceof Range) return value.items();
  if (isMapping(value)) return entriesOf(value).map(([key]) => key);
  if (!isList(value)) throw new TemplateError(`'${kindOf(value)}' object is not iterable`);
  spend(value.length);
  return value;
}

/** The code points of a text. */
export function characters(text: string): string[] {
  spend(text.length >> 2);
  return [...text];
}

/** Characters of a text, counted as Python does. */
export function lengthOf(text: string): number {
  spendText(text.length);
  let count = text.length;
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) count -= 1;
  }
  return count;
}

/** A list of items as a value. */
export function list(items: Item[]): Value {
  boundList(items.length);
  return items as Value[];
}

/** A whole number. @throws TemplateError */
export function integer(item: Item | undefined, fallback: number): number {
  if (item === undefined) return fallback;
  const value = defined(item);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') return value > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  if (typeof value !== 'number' || !isInteger(value))
    throw new TemplateError(`'${kindOf(value)}' object cannot be interpreted as an integer`);
  return value;
}

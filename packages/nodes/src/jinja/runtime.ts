import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, pythonStr, truthy, typeName } from '@millrace/graph';
import { TemplateError } from './errors.js';

export type Named = Record<string, Item>;

/** A variable that does not exist: prints nothing, and fails when looked into. */
export class Undefined {
  constructor(readonly message: string) {}
}

export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: Item[], named: Named) => Item,
  ) {}
}

/** An object with attributes: `loop`, a namespace, a cycler. */
export class Attributes {
  constructor(
    readonly label: string,
    readonly members: Map<string, Item>,
    /** What calling the object does. */
    readonly call?: (args: Item[]) => Item,
  ) {}
}

/** Any value of an expression. Lists and mappings may hold special items, which types do not show. */
export type Item = Value | Undefined | Callable | Attributes;

const maxTextLength = 10_000_000;
const maxListLength = 1_000_000;

/** Is this something that exists only while a template is rendered? */
export const isSpecial = (item: Item): item is Undefined | Callable | Attributes =>
  item instanceof Undefined || item instanceof Callable || item instanceof Attributes;

export const isMapping = (item: Item | undefined): item is ValueObject =>
  item !== undefined && !isSpecial(item) && isObject(item);

/** The item as a value. @throws TemplateError for an undefined variable */
export function defined(item: Item): Value {
  if (item instanceof Undefined) throw new TemplateError(item.message);
  return item as Value;
}

/** The text an expression prints. */
export function print(item: Item): string {
  if (typeof item === 'string') return item;
  if (item instanceof Undefined) return '';
  if (item instanceof Callable) return `<function ${item.name}>`;
  if (item instanceof Attributes) return `<${item.label}>`;
  return pythonStr(item);
}

export function isTrue(item: Item): boolean {
  if (item instanceof Undefined) return false;
  return isSpecial(item) || truthy(item);
}

export function kindOf(item: Item): string {
  if (item instanceof Undefined) return 'Undefined';
  if (isSpecial(item)) return item instanceof Callable ? 'function' : item.label;
  return typeName(item);
}

/** The items a loop or filter runs over: list items, keys of a mapping, characters. An undefined variable is empty. */
export function iterate(item: Item): Item[] {
  if (item instanceof Undefined) return [];
  if (typeof item === 'string') return [...item];
  if (Array.isArray(item)) return item;
  if (item instanceof Attributes && item.label === groupLabel) return [...item.members.values()];
  if (isMapping(item)) return Object.keys(item);
  throw new TemplateError(`'${kindOf(item)}' object is not iterable`);
}

const groupLabel = 'Group';

/** A group of `groupby`: read by name, or unpacked as a pair. */
export const group = (grouper: Item, items: Item): Item =>
  new Attributes(
    groupLabel,
    new Map([
      ['grouper', grouper],
      ['list', items],
    ]),
  );

/** Text that stays below the memory limit of a template. */
export function boundedText(length: number, make: () => string): string {
  if (length > maxTextLength) throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
  return make();
}

export function boundedList(length: number, make: () => Item[]): Value {
  if (length > maxListLength) throw new TemplateError(`A list in the template exceeds ${maxListLength} items`);
  return make() as Value[];
}

/** A list of items as a value. */
export const list = (items: Item[]): Value => items as Value[];

/** A mapping without inherited members. */
export function mapping(entries: Iterable<[string, Item]>): ValueObject {
  const object = Object.create(null) as Record<string, Item>;
  for (const [key, value] of entries) object[key] = value;
  return object as ValueObject;
}

import { TemplateError } from './errors.js';
import { method, type Method } from './method.js';
import { repr } from './printing.js';
import { beforeChange } from './sharing.js';
import {
  Dict,
  entriesOf,
  isMapping,
  iterate,
  isList,
  kindOf,
  Tuple,
  valueAt,
  View,
  type Item,
  type Mapping,
} from './runtime.js';

/** Key and value pairs of a mapping, or of a list of pairs, as `dict` and `update` take them. */
export function pairsOf(source: Item): [Item, Item][] {
  if (isMapping(source)) return entriesOf(source);
  return iterate(source).map((pair, at): [Item, Item] => {
    if (!isList(pair) && typeof pair !== 'string')
      throw new TemplateError(`cannot convert dictionary update sequence element #${at} to a sequence`);
    const items = iterate(pair);
    if (items.length !== 2)
      throw new TemplateError(`dictionary update sequence element #${at} has length ${items.length}; 2 is required`);
    return [items[0] ?? null, items[1] ?? null];
  });
}

/** Values of the run never change: a template changes its own copy. */
function own(mapping: Mapping): Dict {
  beforeChange();
  if (mapping instanceof Dict) return mapping;
  throw new TemplateError(`'${kindOf(mapping)}' object cannot be changed`);
}

function valueOr(mapping: Mapping, key: Item, fallback: Item | undefined): Item | undefined {
  const value = valueAt(mapping, key);
  return value !== undefined ? value : fallback;
}

export const mappingMethods: Readonly<Record<string, Method<Mapping>>> = {
  items: method(0, 0, (m) =>
    View.with(
      'dict_items',
      entriesOf(m).map((entry) => Tuple.with(entry)),
    ),
  ),
  keys: method(0, 0, (m) =>
    View.with(
      'dict_keys',
      entriesOf(m).map(([key]) => key),
    ),
  ),
  values: method(0, 0, (m) =>
    View.with(
      'dict_values',
      entriesOf(m).map(([, value]) => value),
    ),
  ),
  get: method(1, 2, (m, [key = null, fallback = null]) => valueOr(m, key, fallback) ?? null),
  copy: method(0, 0, (m) => new Dict(entriesOf(m))),
  update: method(0, 1, (m, [other], named) => {
    const mapping = own(m);
    for (const [key, value] of other === undefined ? [] : pairsOf(other)) mapping.set(key, value);
    for (const [key, value] of Object.entries(named)) mapping.set(key, value);
    return null;
  }),
  setdefault: method(1, 2, (m, [key = null, fallback = null]) => {
    if (valueAt(m, key) === undefined) own(m).set(key, fallback);
    return valueAt(m, key) ?? null;
  }),
  pop: method(1, 2, (m, [key = null, fallback]) => {
    const value = valueOr(m, key, fallback);
    if (value === undefined) throw new TemplateError(`KeyError: ${repr(key)}`);
    own(m).delete(key);
    return value;
  }),
  popitem: method(0, 0, (m) => {
    const last = entriesOf(m).at(-1);
    if (!last) throw new TemplateError('popitem(): dictionary is empty');
    own(m).delete(last[0]);
    return Tuple.with(last);
  }),
  clear: method(0, 0, (m) => (own(m).clear(), null)),
  fromkeys: method(
    1,
    2,
    (_, [keys = null, value = null]) => new Dict(iterate(keys).map((key) => [key, value] as const)),
  ),
};

import { TemplateError } from './errors.js';
import { spendText } from './meter.js';
import { listMethods, tupleMethods } from './list-methods.js';
import { mappingMethods } from './mapping-methods.js';
import { mutating, type Method } from './method.js';
import { beforeChange } from './sharing.js';
import { textMethods } from './text-methods.js';
import { isList, isMapping, Tuple, View, type Item, type Named } from './runtime.js';

type Call = (args: Item[], named: Named) => Item;

/** The method of a value by name, bound to it. */
export function methodOf(self: Item, name: string): Call | undefined {
  if (typeof self === 'string') return bind(textMethods, name, self);
  if (self instanceof View) return undefined;
  if (isList(self))
    return self instanceof Tuple ? bind(tupleMethods, name, self as Item[]) : bind(listMethods, name, self as Item[]);
  return isMapping(self) ? bind(mappingMethods, name, self) : undefined;
}

function bind<T extends object | string>(
  methods: Readonly<Record<string, Method<T>>>,
  name: string,
  self: T,
): Call | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) return undefined;
  return (args, named) => {
    const given = args.length + Object.keys(named).length;
    if (args.length > method.most)
      throw new TemplateError(`${name}() takes at most ${method.most} arguments (${given} given)`);
    if (given < method.least)
      throw new TemplateError(`${name}() takes at least ${method.least} arguments (${given} given)`);
    if (typeof self === 'string') spendText(self.length);
    else if (isList(self as Item) && mutating.has(name)) beforeChange();
    return method.run(self, args, named);
  };
}

import { TemplateError } from './errors.js';
import type { Item, Named } from './runtime.js';

/** What filters that take the name of another filter or test need. */
export interface FilterContext {
  filter(name: string, input: Item, args: Item[], named: Named): Item;
  test(name: string, input: Item, args: Item[]): boolean;
}

export interface Filter {
  run: (input: Item, args: Item[], named: Named, context: FilterContext) => Item;
  /** Takes and returns escaped text as it is. */
  keepsMarkup: boolean;
}

type Bound = (input: Item, args: (Item | undefined)[], context: FilterContext) => Item;

/** A filter whose arguments go by position or name; the first `least` of them must be given. */
export function filter(
  parameters: string,
  run: Bound,
  options: { least?: number; keepsMarkup?: boolean } = {},
): Filter {
  const names = parameters.split(' ').filter((name) => name !== '');
  const { least = 0, keepsMarkup = false } = options;
  return {
    keepsMarkup,
    run: (input, args, named, context) => {
      if (args.length > names.length)
        throw new TemplateError(`the filter takes at most ${names.length} arguments (${args.length} given)`);
      const bound: (Item | undefined)[] = names.map((name, at) => args[at] ?? (at < args.length ? null : named[name]));
      for (const name of Object.keys(named)) {
        const at = names.indexOf(name);
        if (at < 0) throw new TemplateError(`the filter got an unexpected keyword argument '${name}'`);
        if (at < args.length) throw new TemplateError(`the filter got multiple values for argument '${name}'`);
      }
      const missing = names.slice(0, least).find((_, at) => bound[at] === undefined);
      if (missing !== undefined) throw new TemplateError(`the filter misses the argument '${missing}'`);
      return run(input, bound, context);
    },
  };
}

/** A filter that takes any arguments. */
export const openFilter = (run: Filter['run']): Filter => ({ run, keepsMarkup: false });

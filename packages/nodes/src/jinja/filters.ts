import { negate } from './arithmetic.js';
import { order } from './comparison.js';
import { conversionFilters } from './conversion-filters.js';
import { filter, type Filter } from './filter.js';
import { attributeOf } from './lookup.js';
import { print } from './printing.js';
import { roundNumber } from './round.js';
import { Float } from '@millrace/contracts';
import { sequenceFilters } from './sequence-filters.js';
import { textFilters } from './text-filters.js';

/** Jinja's filters by name; `urlize` is not among them. */
export const filters: Readonly<Record<string, Filter>> = {
  ...conversionFilters,
  ...sequenceFilters,
  ...textFilters,
  abs: filter('', (input) => {
    const value = negate(input, '+');
    if (value instanceof Float) return new Float(Math.abs(value.value));
    return order(value, 0) < 0 ? negate(value, '-') : value;
  }),
  attr: filter('name', (input, [name]) => attributeOf(input, print(name ?? null)), { least: 1 }),
  round: filter('precision method', (input, [precision, method = 'common']) =>
    roundNumber(input, precision, print(method)),
  ),
};

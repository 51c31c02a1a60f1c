import type { NodeResult, RunContext, Value, ValueObject } from '@millrace/contracts';
import { parseJson, resolveSelector, toMarkdown, type Plan, type PlanNode } from '@millrace/graph';
import { failure } from './attempt.js';
import { systemVariables } from './scope.js';

/**
 * Most characters of what End nodes stream of one node in one piece: selectors may name a value and any part of it, over
 * and over. As many as the values of a node may have.
 */
const mostCharacters = 48 * 1024 * 1024;

/** Selector number and JSON string literal of the markdown form (dsl 5.3). */
type Literal = [sel: number, text: string];

/** `undefined`: together they are too long. */
function literalsOf(values: Iterable<[sel: number, value: Value]>): Literal[] | undefined {
  let left = mostCharacters;
  const literals: Literal[] = [];
  try {
    for (const [sel, value] of values) {
      const text = toMarkdown(value);
      left -= text.length;
      if (left < 0) return undefined;
      literals.push([sel, JSON.stringify(text)]);
    }
  } catch (error) {
    // No text can be as long as this one: it is indented by its depth.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return literals;
}

/** What End nodes stream of a completed node that did not stream itself; `undefined`: more than a node may. */
export function streamedValues(plan: Plan, node: PlanNode, outputs: ValueObject): Literal[] | undefined {
  if (node.streams.length === 0) return [];
  // The root stands for `env` too. What was there at the start is not taken twice, but it must not have been too long.
  const pool = (first: string): ValueObject | undefined =>
    first === node.id ? outputs : first === 'env' && node === plan.root ? plan.env : undefined;
  return literalsOf(
    node.streams.flatMap(({ sel, selector }): [number, Value][] => {
      const value = resolveSelector(pool, selector);
      return value === undefined ? [] : [[sel, value]];
    }),
  );
}

/** What End nodes stream of system and environment variables and of the start form (service-api 4.4). */
export function startingValues(plan: Plan, context: RunContext, inputs: string): Literal[] {
  let parsed: ValueObject | undefined;
  const form = (): ValueObject => (parsed ??= parseJson(inputs) as ValueObject);
  const pool = (first: string): ValueObject | undefined => {
    if (first === 'sys') return systemVariables(context);
    if (first === 'env') return plan.env;
    return first === plan.root.id ? form() : undefined;
  };
  // Once each, however many End nodes list it.
  const values = new Map<number, Value>();
  for (const segment of plan.stream.ends.flatMap(({ segments }) => segments)) {
    if ('text' in segment || segment.node !== plan.root.index || values.has(segment.sel)) continue;
    const value = resolveSelector(pool, JSON.parse(segment.selector) as string[], plan.root.id);
    if (value !== undefined) values.set(segment.sel, value);
  }
  // When they are too long the root's own settlement fails the run.
  return literalsOf(values) ?? [];
}

export const tooMuchText = (): NodeResult =>
  failure(`The End nodes stream more than ${mostCharacters} characters of the node`, 'TextSizeError');

import type { RunContext, Value, ValueObject } from '@millrace/contracts';
import { compilePlan, type Plan } from '@millrace/graph';
import { startingValues, streamedValues } from './streamed-values.js';

const run = { user: 'me' } as RunContext;

function planOf(selectors: string[][], env: ValueObject = {}): Plan {
  const outputs = selectors.map((selector, at) => ({ variable: `o${at}`, value_selector: selector }));
  const graph = {
    nodes: [
      { id: 's', data: { type: 'start' } },
      { id: 'c', data: { type: 'code' } },
      { id: 'e', data: { type: 'end', outputs } },
    ],
    edges: [
      { source: 's', target: 'c' },
      { source: 'c', target: 'e' },
    ],
  };
  const variables = Object.entries(env).map(([name, value]) => ({ name, value, value_type: 'object' }));
  const compiled = compilePlan({ graph, environment_variables: variables }, { supportedTypes: new Set() });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const codeOf = (plan: Plan) => plan.nodes[1] as Plan['root'];
const nested = (levels: number, leaf: Value): Value =>
  Array.from({ length: levels }).reduce<Value>((value) => ({ a: value }), leaf);
const paths = (first: string, name: string, levels: number): string[][] =>
  Array.from({ length: levels }, (_, depth) => [first, name, ...Array.from({ length: depth }, () => 'a')]);

describe('values that End nodes stream in one piece', () => {
  it('are those of the selectors that name the node', () => {
    const plan = planOf([
      ['c', 'x'],
      ['c', 'y'],
      ['c', 'x'],
    ]);
    expect(streamedValues(plan, codeOf(plan), { x: 'a"', z: 1 })).toEqual([[0, '"a\\""']]);
  });

  it('are too long together when selectors name all parts of a large value', () => {
    const plan = planOf(paths('c', 'o', 60));
    const outputs = { o: nested(60, 'x'.repeat(1_000_000)) };
    expect(streamedValues(plan, codeOf(plan), outputs)).toBeUndefined();
  });

  it('are too long when no text could hold one, indented by its depth', () => {
    const plan = planOf([['c', 'o']]);
    const wide = Array.from({ length: 1_000_000 }, () => 1);
    const deep = Array.from({ length: 490 }).reduce<Value>((value) => [value], wide);
    expect(streamedValues(plan, codeOf(plan), { o: { deep } })).toBeUndefined();
  });

  it('may exist from the beginning: of the form, the system and the environment', () => {
    const plan = planOf(
      [
        ['s', 'q'],
        ['env', 'k'],
        ['sys', 'user_id'],
        ['c', 'x'],
      ],
      { k: 1 },
    );
    expect(startingValues(plan, run, '{"q":"Q"}')).toEqual([
      [0, '"Q"'],
      [1, '"1"'],
      [2, '"me"'],
    ]);
  });

  it('are left out at the start when they are too long, and then fail the root node', () => {
    const plan = planOf(paths('env', 'k', 60), { k: nested(60, 'x'.repeat(1_000_000)) });
    expect(startingValues(plan, run, '{}')).toEqual([]);
    expect(streamedValues(plan, plan.root, {})).toBeUndefined();
  });
});

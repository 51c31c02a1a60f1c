import type { ValueObject } from '@millrace/contracts';
import { liesOnEveryPath } from './certain.js';
import { compilePlan } from './compile.js';

const types = new Set(['start', 'end', 'llm', 'if-else']);

function planOf(edges: [string, string, string?][], kinds: Record<string, string>) {
  const nodes = Object.entries(kinds).map(([id, type]): ValueObject => ({ id, data: { type, title: id, cases: [] } }));
  const list = edges.map(([source, target, sourceHandle = 'source']): ValueObject => ({
    source,
    target,
    sourceHandle,
  }));
  const compiled = compilePlan({ graph: { nodes, edges: list } }, { supportedTypes: types });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const certain = (plan: ReturnType<typeof planOf>): string[] =>
  plan.nodes.filter((node) => liesOnEveryPath(plan, node)).map(({ id }) => id);

describe('liesOnEveryPath', () => {
  it('holds along a chain', () => {
    const plan = planOf(
      [
        ['s', 'm'],
        ['m', 'e'],
      ],
      { s: 'start', m: 'llm', e: 'end' },
    );
    expect(certain(plan).sort()).toEqual(['e', 'm', 's']);
  });

  it('does not hold behind a branch, but holds where the branches meet again', () => {
    const edges: [string, string, string?][] = [
      ['s', 'i'],
      ['i', 'm', 'true'],
      ['i', 'j', 'false'],
      ['m', 'j'],
      ['j', 'e'],
    ];
    const plan = planOf(edges, { s: 'start', i: 'if-else', m: 'llm', j: 'llm', e: 'end' });
    expect(certain(plan).sort()).toEqual(['e', 'i', 'j', 's']);
  });
});

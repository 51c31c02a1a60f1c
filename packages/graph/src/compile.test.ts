import type { EdgeTable, Value, ValueObject } from '@millrace/contracts';
import { Float } from '@millrace/contracts';
import { compilePlan } from './compile.js';
import { edgeTable, everyHandle } from './edge-table.js';
import { convertDefault } from './node-config.js';
import type { Plan } from './plan.js';

type Edge = [source: string, target: string, handle?: string];

const node = (id: string, type: string, data: object = {}, wrapper: object = {}): Value => ({
  id,
  type: 'custom',
  data: { type, title: id.toUpperCase(), ...data },
  ...wrapper,
});

const workflow = (nodes: Value[], edges: Edge[], rest: object = {}): ValueObject => ({
  graph: {
    nodes,
    edges: edges.map(([source, target, sourceHandle]) => ({
      source,
      target,
      ...(sourceHandle ? { sourceHandle } : {}),
    })),
  },
  ...rest,
});

const supportedTypes = new Set([
  'start',
  'end',
  'code',
  'if-else',
  'llm',
  'template-transform',
  'http-request',
  'trigger-webhook',
]);

function compiled(...parts: Parameters<typeof workflow>): { plan: Plan; warnings: string[] } {
  const result = compilePlan(workflow(...parts), { supportedTypes });
  if (!result.ok) throw new Error(result.error);
  return result;
}

const refusal = (...parts: Parameters<typeof workflow>): string => {
  const result = compilePlan(workflow(...parts), { supportedTypes });
  return result.ok ? 'compiled' : result.error;
};

const byId = (plan: Plan, id: string) => {
  const found = plan.nodes.find((each) => each.id === id);
  if (!found) throw new Error(`no node ${id}`);
  return found;
};

const table = (plan: Plan, id: string, handle = 'source'): unknown => {
  const { take, skip, below } = JSON.parse(edgeTable(plan, byId(plan, id).index, handle)) as EdgeTable;
  const name = ([target, degree]: readonly number[]): string => `${plan.nodes[target ?? -1]?.id}/${degree}`;
  const named = Object.entries(below).map(([of, entries]) => [plan.nodes[Number(of)]?.id, entries.map(name)]);
  return { take: take.map(name), skip: skip.map(name), below: Object.fromEntries(named) as Record<string, string[]> };
};

describe('structure', () => {
  it('drops notes with their edges, coerces ids, folds aliases and handles', () => {
    const { plan, warnings } = compiled(
      [
        node('s', 'start'),
        { id: 12, data: { type: 'variable-assigner', variables: [['s', 'x']] } },
        node('c', 'code', { error_strategy: 'fail-branch' }),
        node('e', 'end'),
        { id: 'note', type: 'custom-note', data: { type: '', text: '{{#x.y#}}' } },
      ],
      [
        ['s', '12'],
        ['12', 'c'],
        ['c', 'e', 'success-branch'],
        ['s', 'note'],
        ['note', 'unknown'],
      ],
    );
    expect(plan.nodes.map(({ id, type, kind }) => [id, type, kind])).toEqual([
      ['s', 'start', 'root'],
      ['12', 'variable-aggregator', 'executable'],
      ['c', 'code', 'branch'],
      ['e', 'end', 'response'],
    ]);
    expect(plan.edges.map(({ handle }) => handle)).toEqual(['source', 'source', 'source']);
    expect(byId(plan, '12').reads).toEqual(['s']);
    expect(warnings).toEqual(["Node type 'variable-aggregator' is not supported yet; a run fails when it reaches 12"]);
  });

  it.each<[string, Value[], Edge[], string]>([
    ['no root', [node('e', 'end')], [], 'The workflow has no start node'],
    ['no nodes', [], [], 'The workflow has no start node'],
    ['an unknown target', [node('s', 'start')], [['s', 'x']], "An edge from 's' to 'x' refers to the unknown node 'x'"],
    ['an unknown source', [node('s', 'start')], [['x', 's']], "An edge from 'x' to 's' refers to the unknown node 'x'"],
    ['two nodes of one id', [node('s', 'start'), node('s', 'end')], [], "Two nodes have the id 's'"],
    ['a node without type', [{ id: 'x', data: {} }], [], "Node 'x' has no type"],
    [
      'a cycle',
      [node('s', 'start'), node('a', 'code'), node('b', 'code')],
      [
        ['s', 'a'],
        ['a', 'b'],
        ['b', 'a'],
      ],
      'The workflow has a cycle through or before these nodes: a, b',
    ],
    [
      'a self loop',
      [node('s', 'start'), node('a', 'code')],
      [['a', 'a']],
      'The workflow has a cycle through or before these nodes: a',
    ],
  ])('refuses %s', (_name, nodes, edges, error) => {
    expect(refusal(nodes, edges)).toBe(error);
  });

  it('ignores edges without proper ends', () => {
    const graph = {
      nodes: [node('s', 'start')],
      edges: [{ source: 's' }, { source: 's', target: null }, 'x', { source: 's', target: 's', sourceHandle: {} }],
    };
    expect(compilePlan({ graph }, { supportedTypes })).toMatchObject({ ok: true, plan: { edges: [] } });
  });

  it('leaves out what cannot be reached and never counts its edges', () => {
    const { plan, warnings } = compiled(
      [node('s', 'start'), node('lost', 'code'), node('e', 'end')],
      [
        ['s', 'e'],
        ['lost', 'e'],
      ],
    );
    expect(plan.nodes.map(({ id }) => id)).toEqual(['s', 'e']);
    expect(byId(plan, 'e').in).toHaveLength(1);
    expect(warnings).toEqual(["Node 'lost' (code) cannot be reached from the start node and never runs"]);
  });

  it('takes the first root in file order; other roots count as skipped', () => {
    const { plan } = compiled(
      [node('t', 'trigger-webhook'), node('s', 'start'), node('a', 'code'), node('b', 'code'), node('e', 'end')],
      [
        ['t', 'a'],
        ['s', 'a'],
        ['s', 'b'],
        ['b', 'e'],
        ['a', 'e'],
      ],
    );
    expect(plan.root.id).toBe('t');
    expect(plan.form).toEqual([]);
    expect(plan.nodes.map(({ id }) => id)).toEqual(['t', 'a', 'e']);
    expect([byId(plan, 'a').in.length, byId(plan, 'e').in.length]).toEqual([1, 1]);
  });

  it('keeps inner nodes of containers out of the root graph', () => {
    const { plan, warnings } = compiled(
      [
        node('s', 'start'),
        node('it', 'iteration', { start_node_id: 'its' }),
        node('its', 'iteration-start', {}, { parentId: 'it' }),
        node('in', 'code', { iteration_id: 'it' }, { parentId: 'a group that is gone' }),
        node('e', 'end'),
      ],
      [
        ['s', 'it'],
        ['its', 'in'],
        ['it', 'e'],
        ['in', 'e'],
      ],
    );
    expect(plan.nodes.map(({ id, kind }) => [id, kind])).toEqual([
      ['s', 'root'],
      ['it', 'container'],
      ['e', 'response'],
    ]);
    expect(byId(plan, 'e').in).toHaveLength(1);
    expect(warnings).toEqual([
      "The edge from 'in' to 'e' crosses the border of a container and is ignored",
      "Node type 'iteration' is not supported yet; a run fails when it reaches it",
    ]);
  });
});

describe('node settings', () => {
  it('retries only where the type supports it', () => {
    const retry_config = { retry_enabled: true, max_retries: 3, retry_interval: new Float(500) };
    const off = { ...retry_config, retry_enabled: false };
    const { plan } = compiled(
      [
        node('s', 'start', { retry_config }),
        node('a', 'http-request', { retry_config }),
        node('b', 'if-else', { retry_config }),
        node('c', 'code', { retry_config: off }),
      ],
      [
        ['s', 'a'],
        ['s', 'b'],
        ['s', 'c'],
      ],
    );
    expect(plan.nodes.map(({ retry }) => [retry.maxRetries, retry.intervalMs])).toEqual([
      [0, 0],
      [3, 500],
      [0, 0],
      [0, 0],
    ]);
  });

  it.each<[string, Value, Value | string]>([
    ['string', 'x', 'x'],
    ['number', '5', new Float(5)],
    ['number', 5, 5],
    ['number', 'x', '! Cannot convert to number: x'],
    ['number', null, '! Value must be number type for None'],
    ['object', '{"a": 1.0}', { a: new Float(1) }],
    ['object', '{', '! Invalid JSON format for value: {'],
    ['object', '[]', '! Value must be dict type for []'],
    ['array[string]', '["a"]', ['a']],
    ['array[string]', '["a", 1]', "! All elements must be str for ['a', 1]"],
    ['array[number]', [1, new Float(2)], [1, new Float(2)]],
    ['array[object]', '{}', '! Value must be list type for {}'],
    ['array[file]', 'anything', 'anything'],
    ['string', 5, '! Value must be str type for 5'],
    ['date', 'x', '! Unsupported type: date'],
  ])('default of type %s from %j', (type, value, outcome) => {
    let result: Value;
    try {
      result = convertDefault(type, value);
    } catch (error) {
      result = `! ${(error as Error).message}`;
    }
    expect(result).toEqual(outcome);
  });

  it('converts default values, and refuses wrong ones, only when they are used', () => {
    const data = (value: string, error_strategy: string) => ({
      error_strategy,
      default_value: [{ key: 'n', type: 'number', value }],
    });
    const { plan } = compiled([node('s', 'start'), node('c', 'code', data('5', 'default-value'))], [['s', 'c']]);
    expect(byId(plan, 'c')).toMatchObject({
      errorStrategy: 'default-value',
      defaultValue: { n: new Float(5) },
      kind: 'executable',
    });
    expect(refusal([node('s', 'start'), node('c', 'code', data('x', 'default-value'))], [['s', 'c']])).toBe(
      "Node 'c', default value 'n': Cannot convert to number: x",
    );
    expect(refusal([node('s', 'start'), node('c', 'code', data('x', 'fail-branch'))], [['s', 'c']])).toBe('compiled');
  });

  it('collects what a node reads from ids of digits that the file leaves unquoted', () => {
    const { plan } = compiled(
      [node('1712', 'start'), node('e', 'end', { outputs: [{ variable: 'x', value_selector: [1712, 'x'] }] })],
      [['1712', 'e']],
    );
    expect(byId(plan, 'e').reads).toEqual(['1712']);
  });

  it('collects what a node reads, wherever it stands', () => {
    const { plan, warnings } = compiled(
      [
        node('s', 'start', { variables: [{ variable: 'q' }] }),
        node('a', 'llm', {
          prompt_template: [{ role: 'user', text: '{{#s.q#}} {{#env.K#}} {{#env.MISSING#}} {{#sys.files#}}' }],
        }),
        node('b', 'code', {
          variables: [{ variable: 'x', value_selector: ['a', 'text'] }],
          options: ['s', 'other'],
          more: { deep: [['a', 'usage', 'total']] },
        }),
        node('c', 'if-else', {
          cases: [{ conditions: [{ variable_selector: ['gone', 'x'], value: '{{#gone.y#}}' }] }],
          empty_selector: [],
        }),
      ],
      [
        ['s', 'a'],
        ['a', 'b'],
        ['b', 'c'],
      ],
      {
        environment_variables: [
          { name: 'K', value: 'v', value_type: 'string' },
          { name: 'S', value: 'hidden', value_type: 'secret' },
          { name: 'T', value: '', value_type: 'secret' },
        ],
      },
    );
    expect(plan.nodes.map(({ reads }) => reads)).toEqual([[], ['s'], ['a', 's'], []]);
    expect(plan.env).toEqual({ K: 'v', S: 'hidden', T: '' });
    expect(plan.secrets).toEqual(['hidden']);
    expect(warnings).toEqual([
      "Node 'a' refers to 'env.MISSING', which does not exist",
      "Node 'c' refers to 'gone.x', which does not exist",
      "Node 'c' refers to 'gone.y', which does not exist",
    ]);
  });

  it('counts secrets: each is looked for in everything that is shown', () => {
    const secrets = (count: number) =>
      workflow([node('s', 'start')], [], {
        environment_variables: Array.from({ length: count }, (_, i) => ({
          ...{ name: `S${i}`, value: `v${i}`, value_type: 'secret' },
        })),
      });
    expect(compilePlan(secrets(1_000), { supportedTypes })).toMatchObject({ ok: true });
    expect(compilePlan(secrets(1_001), { supportedTypes })).toEqual({
      ok: false,
      error: 'The workflow has 1001 secret environment variables, more than 1000',
    });
  });

  it('counts nodes and edges: one call to Redis may have to skip them all', () => {
    const wide = (count: number) =>
      workflow(
        Array.from({ length: count }, (_, i) => node(`n${i}`, 'start')),
        [],
      );
    expect(compilePlan(wide(10_000), { supportedTypes })).toMatchObject({ ok: true });
    expect(compilePlan(wide(10_001), { supportedTypes })).toEqual({
      ok: false,
      error: 'The workflow has 10001 nodes, more than 10000',
    });
    const edges = Array.from({ length: 40_001 }, (): Edge => ['s', 'a']);
    expect(compilePlan(workflow([node('s', 'start'), node('a', 'code')], edges), { supportedTypes })).toEqual({
      ok: false,
      error: 'The workflow has 40001 edges, more than 40000',
    });
  });

  /** Branches that all lead to one node, which leads to many End nodes, past some code. */
  const hub = (branches: number, ends: number, between: number) => {
    const codes = Array.from({ length: between }, (_, i) => `c${i}`);
    const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
    const outputs = { outputs: [{ variable: 'x', value_selector: ['s', 'x'] }] };
    const way = ['s', ...codes];
    return workflow(
      [
        ...[node('s', 'start'), node('h', 'code'), ...codes.map((id) => node(id, 'code'))],
        ...names('b', branches).map((id) => node(id, 'if-else')),
        ...names('e', ends).map((id) => node(id, 'end', outputs)),
      ],
      [
        ...names('b', branches).flatMap((id): Edge[] => [
          ['s', id],
          [id, 'h', 'true'],
        ]),
        ...codes.map((id, at): Edge => [way[at] ?? '', id]),
        [way.at(-1) ?? '', 'h'],
        ...names('e', ends).map((id): Edge => ['h', id]),
      ],
    );
  };

  it('counts the edges that End nodes wait for, and the steps to find them', () => {
    expect(compilePlan(hub(50, 100, 0), { supportedTypes })).toMatchObject({ ok: true });
    // Without a way past the branches each End node waits for all of them.
    const waiting = hub(200, 100, 0);
    const graph = waiting['graph'] as { edges: { source: string; target: string }[] };
    graph.edges = graph.edges.filter(({ source, target }) => source !== 's' || target !== 'h');
    expect(compilePlan(waiting, { supportedTypes })).toEqual({
      ok: false,
      error: 'More than 10000 edges of branches decide which End nodes stream',
    });
    expect(compilePlan(hub(0, 1_000, 3_000), { supportedTypes })).toEqual({
      ok: false,
      error: 'The ways to the End nodes take more than 2000000 steps to find',
    });
  });

  it('keeps no more edge tables than there is room for', () => {
    const chain = Array.from({ length: 1_000 }, (_, i) => `n${i}`);
    const { plan } = compiled(
      [node('s', 'start'), ...chain.map((id) => node(id, 'if-else'))],
      ['s', ...chain.slice(0, -1)].map((id, at): Edge => [id, chain[at] ?? '', at === 0 ? 'source' : 'true']),
    );
    const characters = plan.nodes.slice(1).reduce((sum, { index }) => sum + edgeTable(plan, index, 'true').length, 0);
    const room = { ...plan, tables: new Map<string, string>(), tableRoom: characters / 2 };
    for (const { index } of plan.nodes.slice(1)) {
      expect(edgeTable(room, index, 'true')).toBe(edgeTable(plan, index, 'true'));
    }
    const kept = [...room.tables.values()].reduce((sum, text) => sum + text.length, 0);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(characters / 2);
  });

  it('counts outputs of End nodes: every piece of streamed text looks at the table of them', () => {
    const ends = (count: number) => {
      const outputs = Array.from({ length: count }, (_, i) => ({ variable: `o${i}`, value_selector: ['s', 'x'] }));
      return workflow([node('s', 'start'), node('e', 'end', { outputs })], [['s', 'e']]);
    };
    expect(compilePlan(ends(2_000), { supportedTypes })).toMatchObject({ ok: true });
    expect(compilePlan(ends(2_001), { supportedTypes })).toEqual({
      ok: false,
      error: 'The End nodes have 2001 outputs, more than 2000',
    });
  });
});

describe('edge tables', () => {
  const { plan } = compiled(
    [
      node('s', 'start'),
      node('i', 'if-else'),
      node('a', 'code'),
      node('b', 'code'),
      node('f', 'code', { error_strategy: 'fail-branch' }),
      node('e', 'end'),
    ],
    [
      ['s', 'i'],
      ['i', 'a', 'true'],
      ['i', 'b', 'false'],
      ['i', 'e', 'true'],
      ['i', 'e', 'false'],
      ['a', 'e'],
      ['b', 'f'],
      ['f', 'e', 'source'],
      ['f', 'a', 'fail-branch'],
    ],
  );

  it('takes all edges of ordinary nodes, whatever the handle', () => {
    const taken = { take: ['i/1'], skip: [], below: {} };
    expect([table(plan, 's'), table(plan, 's', 'odd')]).toEqual([taken, taken]);
  });

  it('takes the chosen edges of a branch, and lists all below the skipped ones', () => {
    expect(table(plan, 'i', 'true')).toEqual({
      take: ['a/2', 'e/4'],
      skip: ['b/1', 'e/4'],
      below: { b: ['f/1'], f: ['e/4', 'a/2'], a: ['e/4'], e: [] },
    });
    expect(table(plan, 'i', 'nobody')).toMatchObject({ take: [], skip: ['a/2', 'b/1', 'e/4', 'e/4'] });
    expect(table(plan, 'f', 'fail-branch')).toEqual({ take: ['a/2'], skip: ['e/4'], below: { e: [] } });
  });

  it('caches tables of known handles only', () => {
    plan.tables.clear();
    edgeTable(plan, 1, 'true');
    edgeTable(plan, 1, 'nobody');
    edgeTable(plan, 0, 'x');
    expect([...plan.tables.keys()]).toEqual(['1:true', '0:']);
  });
});

describe('text streams', () => {
  const end = (id: string, ...selectors: string[][]): Value =>
    node(id, 'end', { outputs: selectors.map((value_selector, i) => ({ variable: `o${i}`, value_selector })) });
  const pathsOf = (plan: Plan, id: string): string[][] | undefined =>
    plan.stream.ends
      .find((each) => each.node === byId(plan, id).index)
      ?.paths.map((path) =>
        path.map((edge) => `${plan.nodes[plan.edges[edge]?.source ?? -1]?.id}:${plan.edges[edge]?.handle}`),
      );

  it('lists outputs in order with newlines between them', () => {
    const { plan } = compiled(
      [
        node('s', 'start'),
        node('a', 'llm'),
        end('e', ['a', 'text'], [], ['sys', 'user_id'], ['gone', 'x'], ['s', 'q'], ['a', 'text']),
      ],
      [
        ['s', 'a'],
        ['a', 'e'],
      ],
    );
    const newline = { text: '\n', selector: '["e","answer"]' };
    expect(plan.stream.ends).toEqual([
      {
        node: 2,
        paths: [[]],
        segments: [
          { sel: 0, node: 1, selector: '["a","text"]', shared: true },
          newline,
          newline,
          { sel: 1, node: 0, selector: '["sys","user_id"]' },
          newline,
          newline,
          { sel: 2, node: 0, selector: '["s","q"]' },
          newline,
          { sel: 0, node: 1, selector: '["a","text"]', shared: true },
        ],
      },
    ]);
    expect(plan.nodes.map(({ streams }) => streams)).toEqual([
      [
        { sel: 1, selector: ['sys', 'user_id'] },
        { sel: 2, selector: ['s', 'q'] },
      ],
      [{ sel: 0, selector: ['a', 'text'] }],
      [],
    ]);
  });

  it('begins with the End nodes of the lowest ids, wherever they stand', () => {
    const { plan } = compiled(
      [node('s', 'start'), end('z', ['s', 'q']), end('a', ['s', 'q'])],
      [
        ['s', 'z'],
        ['s', 'a'],
      ],
    );
    expect(plan.stream.ends.map((each) => plan.nodes[each.node]?.id)).toEqual(['a', 'z']);
  });

  it('drops one trailing newline', () => {
    const { plan } = compiled([node('s', 'start'), end('e', ['s', 'q'], [])], [['s', 'e']]);
    expect(plan.stream.ends[0]?.segments).toHaveLength(1);
  });

  it('waits for the last blocking edge of any path', () => {
    const { plan } = compiled(
      [
        node('s', 'start'),
        node('i', 'if-else'),
        node('j', 'if-else'),
        node('a', 'code'),
        node('b', 'code'),
        end('e', ['a', 'x']),
        end('g', ['a', 'x']),
        end('h', ['s', 'x']),
      ],
      [
        ['s', 'i'],
        ['i', 'j', 'true'],
        ['j', 'a', 'true'],
        ['i', 'b', 'false'],
        ['a', 'e'],
        ['b', 'e'],
        ['s', 'g'],
        ['a', 'g'],
        ['e', 'h'],
      ],
    );
    expect(pathsOf(plan, 'e')).toEqual([['j:true'], ['i:false']]);
    expect(pathsOf(plan, 'g')).toEqual([[]]);
    expect(pathsOf(plan, 'h')).toEqual([['e:source']]);
    const { take } = JSON.parse(edgeTable(plan, byId(plan, 'j').index, 'true')) as EdgeTable;
    expect(take[0]?.[2]).toBe(2);
  });

  it('fail-branch nodes, containers and assigners of used variables block', () => {
    const assigner = { items: [{ variable_selector: ['conversation', 'x'] }] };
    const { plan } = compiled(
      [
        node('s', 'start'),
        node('f', 'code', { error_strategy: 'fail-branch' }),
        node('l', 'loop'),
        node('w', 'assigner', assigner),
        end('e', ['s', 'x'], ['conversation', 'x']),
        end('g', ['s', 'x']),
      ],
      [
        ['s', 'f'],
        ['s', 'l'],
        ['s', 'w'],
        ['f', 'e'],
        ['l', 'e'],
        ['w', 'e'],
        ['w', 'g'],
      ],
    );
    expect(pathsOf(plan, 'e')).toEqual([['f:source'], ['l:source'], ['w:source']]);
    expect(pathsOf(plan, 'g')).toEqual([[]]);
  });

  it('does not explode on many branches in a row', () => {
    const nodes = [node('n0', 'start')];
    const edges: Edge[] = [];
    for (let i = 1; i <= 60; i += 1) {
      nodes.push(node(`n${i}`, 'if-else'));
      edges.push([`n${i - 1}`, `n${i}`, 'true'], [`n${i - 1}`, `n${i}`, 'false']);
    }
    nodes.push(end('e', ['n0', 'x']));
    edges[0] = ['n0', 'n1'];
    edges.splice(1, 1);
    edges.push(['n60', 'e', 'true'], ['n60', 'e', 'false']);
    expect(pathsOf(compiled(nodes, edges).plan, 'e')).toEqual([['n60:true'], ['n60:false']]);
  });
});

it('takes all edges of a branch node that goes on with default values (dsl 3.6)', () => {
  const { plan } = compiled(
    [node('s', 'start'), node('i', 'if-else', { error_strategy: 'default-value' }), node('a', 'end'), node('b', 'end')],
    [
      ['s', 'i'],
      ['i', 'a', 'true'],
      ['i', 'b', 'false'],
    ],
  );
  const { take, skip } = JSON.parse(edgeTable(plan, 1, everyHandle)) as EdgeTable;
  expect([take.map(([target]) => target), skip]).toEqual([[2, 3], []]);
});

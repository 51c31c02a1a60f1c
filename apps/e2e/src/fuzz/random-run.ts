import type { Value } from '@millrace/contracts';
import { createRandom, pythonStr, toText } from '@millrace/graph';
import {
  aggregator,
  code,
  end,
  http,
  ifElse,
  llm,
  start,
  template,
  workflowFile,
  type NodeDraft,
  type Selector,
} from '@millrace/testing';

/** Value at a selector; `undefined` = missing. */
export type Get = (selector: Selector) => Value | undefined;

/** What one node must come to, given its variables. */
export type Expected =
  | { outputs: Record<string, Value>; handle?: string; repaired?: number }
  | { error: string; errorType: string; attempts?: number };

/** A node and what the reference says that it does. */
export interface RandomNode {
  draft: NodeDraft;
  handles: readonly string[];
  strategy: 'none' | 'fail-branch' | 'default-value';
  /** What later nodes may ask it for. */
  offers: Selector[];
  perform(get: Get): Expected;
}

export interface RandomEdge {
  source: number;
  handle: string;
  target: number;
}

export interface RandomRun {
  nodes: RandomNode[];
  edges: RandomEdge[];
  inputs: Record<string, Value>;
  file: string;
}

/** Where the nodes of a random workflow go out to. */
export interface Outside {
  http: string;
}

type Random = () => number;
const pickOf =
  (random: Random) =>
  <T>(items: readonly T[]): T =>
    items[Math.floor(random() * items.length)] as T;

/** As a Jinja template and Python's `str` print it. */
const printed = (value: Value | undefined): string => pythonStr(value ?? null);

const truthy = (value: Value): boolean => value !== null && value !== '' && value !== 0 && value !== false;

/** Operators that every kind of value may be asked with. */
const operators: Record<string, (value: Value) => boolean> = {
  empty: (value) => !truthy(value),
  'not empty': truthy,
  null: (value) => value === null,
  'not null': (value) => value !== null,
};

type Draw = Omit<RandomNode, 'strategy'>;
type Reach = readonly Selector[];

function drawTemplate(id: string, random: Random, reach: Reach): Draw {
  const pick = pickOf(random);
  const [a, b] = [pick(reach), pick(reach)];
  const fails = random() < 0.08;
  return {
    draft: template(id, fails ? '{{ a }}{{ 1 / 0 }}' : `${id}({{ a }},{{ b }})`, { a, b }),
    handles: ['source'],
    offers: [[id, 'output']],
    perform: (get) =>
      fails
        ? { error: 'division by zero', errorType: '' }
        : { outputs: { output: `${id}(${printed(get(a))},${printed(get(b))})` } },
  };
}

function drawBranch(id: string, random: Random, reach: Reach): Draw {
  const pick = pickOf(random);
  const cases = ['true', 'elif'].slice(0, random() < 0.4 ? 2 : 1).map((handle) => {
    // A boolean's expected value must be one too, whatever the operator (dsl 4.5).
    return { id: handle, selector: pick(reach), operator: pick(Object.keys(operators)), value: 'true' };
  });
  return {
    draft: ifElse(
      id,
      cases.map(({ id: handle, ...condition }) => ({ id: handle, conditions: [condition] })),
    ),
    handles: [...cases.map((each) => each.id), 'false'],
    offers: [
      [id, 'result'],
      [id, 'selected_case_id'],
    ],
    perform(get) {
      for (const { id: handle, selector, operator } of cases) {
        const value = get(selector);
        if (value === undefined) {
          const path = selector.map((part) => `'${part}'`).join(', ');
          return { error: `Variable [${path}] not found`, errorType: '' };
        }
        if (operators[operator]?.(value)) return { outputs: { result: true, selected_case_id: handle }, handle };
      }
      return { outputs: { result: false, selected_case_id: 'false' }, handle: 'false' };
    },
  };
}

function drawAggregator(id: string, random: Random, reach: Reach): Draw {
  const pick = pickOf(random);
  const candidates = (): Selector[] => Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(reach));
  const first = (get: Get, from: Selector[]) => from.map(get).find((value) => value !== undefined);
  const one = candidates();
  if (random() < 0.6) {
    return {
      draft: aggregator(id, one),
      handles: ['source'],
      offers: [[id, 'output']],
      perform(get) {
        const value = first(get, one);
        return { outputs: value === undefined ? {} : { output: value } };
      },
    };
  }
  const groups = { g1: one, g2: candidates() };
  const draft = aggregator(id, []);
  const advanced_settings = {
    group_enabled: true,
    groups: Object.entries(groups).map(([group_name, variables]) => ({ group_name, variables, output_type: 'any' })),
  };
  return {
    draft: { id, data: { ...draft.data, advanced_settings } },
    handles: ['source'],
    offers: [
      [id, 'g1', 'output'],
      [id, 'g2'],
    ],
    perform: (get) => ({
      outputs: Object.fromEntries(
        Object.entries(groups).flatMap(([name, from]): [string, Value][] => {
          const output = first(get, from);
          return output === undefined ? [] : [[name, { output }]];
        }),
      ),
    }),
  };
}

function drawHttp(id: string, random: Random, _: Reach, outside: Outside): Draw {
  const kind = pickOf(random)(['ok', 'ok', 'bad', 'flaky']);
  const retries = random() < 0.5 ? 1 + Math.floor(random() * 2) : 0;
  const retry_config = { retry_enabled: retries > 0, max_retries: retries, retry_interval: 5 };
  const draft = http(id, `${outside.http}/${kind}/${id}/{{#sys.workflow_run_id#}}`, { retry_config });
  return {
    draft,
    handles: ['source'],
    offers: [
      [id, 'body'],
      [id, 'status_code'],
    ],
    perform() {
      const strict = retries > 0 || draft.data['error_strategy'] !== undefined;
      const fine: Expected = { outputs: { body: `body of ${id}`, status_code: 200 } };
      if (kind === 'ok') return fine;
      if (kind === 'flaky' && retries > 0) return { ...fine, repaired: 1 };
      if (!strict) return { outputs: { body: 'no', status_code: 500 } };
      const error = 'Request failed with status code 500';
      return { error, errorType: 'HTTPResponseCodeError', attempts: retries + 1 };
    },
  };
}

function drawModel(id: string, random: Random, reach: Reach): Draw {
  const selector = pickOf(random)(reach);
  const path = selector.join('.');
  return {
    draft: llm(id, `${id} says {{#${path}#}}`),
    handles: ['source'],
    offers: [[id, 'text']],
    perform(get) {
      const value = get(selector);
      if (value === undefined) return { error: `Variable #${path}# not found`, errorType: 'VariableNotFoundError' };
      return { outputs: { text: `${id} says ${toText(value)}` } };
    },
  };
}

function drawCode(id: string, random: Random, reach: Reach): Draw {
  const a = pickOf(random)(reach);
  const fails = random() < 0.2;
  const result = `{"result": "${id}:" + str(a), "count": 3${fails ? ', "more": 1' : ''}}`;
  return {
    draft: code(id, `def main(a):\n    return ${result}`, { a }, { result: 'string', count: 'number' }),
    handles: ['source'],
    offers: [
      [id, 'result'],
      [id, 'count'],
    ],
    perform: (get) =>
      fails
        ? { error: 'Not all output parameters are validated.', errorType: 'CodeNodeError' }
        : { outputs: { result: `${id}:${printed(get(a))}`, count: 3 } },
  };
}

function drawEnd(id: string, random: Random, reach: Reach): Draw {
  const pick = pickOf(random);
  const names = [`${id}_a`, `${id}_b`, 'shared', 'answer'].filter(() => random() < 0.5);
  const selectors = names.map((name): [string, Selector] => [name, random() < 0.1 ? [] : pick(reach)]);
  return {
    draft: end(Object.fromEntries(selectors), id),
    handles: ['source'],
    offers: [],
    perform: (get) => ({ outputs: Object.fromEntries(selectors.map(([name, path]) => [name, get(path) ?? null])) }),
  };
}

const kinds = [
  ...[drawTemplate, drawTemplate, drawTemplate, drawTemplate, drawBranch, drawBranch, drawBranch],
  ...[drawAggregator, drawAggregator, drawHttp, drawHttp, drawModel, drawCode, drawEnd, drawEnd, drawEnd],
];

/** Lays an error strategy over a node, also over types whose editor offers none. */
function withStrategy(node: Draw, random: Random): RandomNode {
  const strategy = node.draft.data.type === 'end' || random() < 0.65 ? 'none' : pickOf(random)(strategies);
  if (strategy === 'none') return { ...node, strategy };
  const { data } = node.draft;
  data['error_strategy'] = strategy;
  const name = node.offers[0]?.[1] ?? '';
  if (strategy === 'default-value') data['default_value'] = [{ key: name, type: 'string', value: 'spare' }];
  const id = node.draft.id;
  return {
    ...node,
    strategy,
    handles: strategy === 'fail-branch' ? [...node.handles, 'fail-branch'] : node.handles,
    offers: [...node.offers, [id, 'error_message'], [id, 'error_type']],
  };
}

const strategies = ['fail-branch', 'default-value'] as const;

/** What stands in a failed node's place. */
export const replacement = ({ strategy, draft }: RandomNode, error: string, errorType: string) => {
  const defaults = strategy === 'default-value' ? (draft.data['default_value'] as { key: string; value: Value }[]) : [];
  return {
    ...Object.fromEntries(defaults.map(({ key, value }) => [key, value])),
    error_message: error,
    error_type: errorType,
  };
};

const everywhere: Selector[] = [
  ['n0', 'text'],
  ['n0', 'number'],
  ['env', 'e1'],
  ['sys', 'user_id'],
  ['nobody', 'x'],
];

/** A random workflow of every node type that needs no container, the same for the same seed, with inputs for one run. */
export function randomRun(seed: number, outside: Outside): RandomRun {
  const random = createRandom(seed);
  const pick = pickOf(random);
  const size = 2 + Math.floor(random() * 10);
  const form = start(
    [
      { variable: 'text', type: 'paragraph' },
      { variable: 'number', type: 'number' },
    ],
    'n0',
  );
  const inputs = { text: pick(['', 'x', 'ä 𝄞']), number: pick([null, 0, 7]) };
  const nodes: RandomNode[] = [
    { draft: form, handles: ['source'], strategy: 'none', offers: [], perform: () => ({ outputs: inputs }) },
  ];
  const edges: RandomEdge[] = [];
  const above: Set<number>[] = [new Set()];
  for (let target = 1; target <= size; target += 1) {
    const ancestors = new Set<number>();
    for (let i = 1 + Math.floor(random() * 3); i > 0; i -= 1) {
      const source =
        random() < 0.5 ? Math.max(0, target - 1 - Math.floor(random() * 2)) : Math.floor(random() * target);
      edges.push({ source, handle: pick(nodes[source]?.handles ?? []), target });
      for (const each of [source, ...(above[source] ?? [])]) ancestors.add(each);
    }
    above.push(ancestors);
    const offered = [...ancestors].flatMap((each) => nodes[each]?.offers ?? []);
    const reach = [...everywhere, ...offered, ...offered];
    nodes.push(withStrategy(pick(kinds)(`n${target}`, random, reach, outside), random));
  }
  const file = workflowFile({
    name: `random ${seed}`,
    nodes: nodes.map(({ draft }) => draft),
    edges: edges.map(({ source, handle, target }) => [`n${source}`, `n${target}`, handle]),
    environmentVariables: [{ name: 'e1', value: 'env one', value_type: 'string' }],
  });
  return { nodes, edges, inputs, file };
}

/** The work that is measured. Client, floor and workflow files agree on it here. */
export const scenarioNames = ['chain5', 'chain5-code', 'fan8', 'io50', 'stream'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** Work of a single node that is measured in the bench's own process. */
export const directNames = ['code-py', 'code-js', 'template', 'llm-stream'] as const;
export type DirectName = (typeof directNames)[number];

export interface Scenario {
  name: ScenarioName;
  /** One line for people. */
  work: string;
  /** The right answer (`outputs.result`) for an input text. */
  expected(text: string): string;
  /** A scenario that the same fleet runs in turns with this one, to compare them. */
  beside?: ScenarioName;
}

/** Chunks of one model answer in `stream`, and how many of them come per second. */
export const streamChunks = 100;
export const streamChunksPerSecond = 50;
/** Clients of `stream`. */
export const streamClients = 200;

export const scenarios: Record<ScenarioName, Scenario> = {
  chain5: {
    name: 'chain5',
    work: 'start, three templates, end',
    expected: (text) => text,
  },
  'chain5-code': {
    name: 'chain5-code',
    work: 'start, Python, a template, Python, end',
    expected: (text) => Array.from(text.toUpperCase()).reverse().join(''),
    beside: 'chain5',
  },
  fan8: {
    name: 'fan8',
    work: 'start, eight parallel templates, join, end',
    expected: (text) => Array<string>(8).fill(text).join('|'),
  },
  io50: {
    name: 'io50',
    work: 'start, an HTTP call answered after 50 ms, end',
    expected: (text) => text,
  },
  stream: {
    name: 'stream',
    work: `start, a model that streams ${streamChunksPerSecond} chunks a second, end; followed over SSE`,
    expected: (text) => Array.from({ length: streamChunks }, (_, i) => `${text}.${i} `).join(''),
  },
};

export const isDirectName = (text: string): text is DirectName => (directNames as readonly string[]).includes(text);

export const isScenarioName = (text: string): text is ScenarioName =>
  (scenarioNames as readonly string[]).includes(text);

import type { DecidedRun, NodeAddress, RunContext, RunningNode, TerminalStatus } from '@millrace/contracts';
import { nodeField } from './keys.js';
import type { RunEvents } from './run-events.js';

/** What `decided_payload` (lua/includes/decide.lua) returns: values of `names`, context and End outputs, the run hash of active nodes. */
export type DecidedPayload = [found: (string | null)[], values: (string | null)[], hash: string[]];

const names = ['ep', 'ds', 'de', 'dn', 'dc', 'df', 'b0', 'tk', 'ix', 'in', 'rt', 'ex'];

/** Reads a decided run from the script's reply; `undefined` when the variables are gone. */
export async function readDecided(events: RunEvents, payload: DecidedPayload): Promise<DecidedRun | undefined> {
  const parsed = parseDecided(payload);
  return parsed && { ...parsed, running: await Promise.all(parsed.running.map(withStart)) };

  async function withStart(node: RunningNode): Promise<RunningNode> {
    const { startedEventId: from } = node;
    if (!parsed || from === undefined) return node;
    // Of a quick attempt the entry is that of its end.
    const [told = []] = await events.ranges([{ run: parsed.context, from, count: 1 }]);
    const startedEvent = told.find(({ id }) => id === from)?.event ?? '{}';
    return { ...node, startedEvent };
  }
}

function parseDecided([found, values, hash]: DecidedPayload): DecidedRun | undefined {
  const [context, ...endOutputs] = values;
  if (!context) return undefined;
  const fields = new Map<string, string | null>(names.map((name, at) => [name, found[at] ?? null]));
  for (let i = 0; i + 1 < hash.length; i += 2) fields.set(hash[i] ?? '', hash[i + 1] ?? '');
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const open = hash.length === 0 ? [] : [...fields].flatMap(([name, text]) => parseOpen(name, text ?? ''));
  const running = open.flatMap((node) => runningNode(node, number(`l${nodeField(node.address)}`)));
  // Those whose start nobody told yet are numbered now, behind all others.
  const untold = running
    .filter(({ startedEventId }) => startedEventId === undefined)
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
  untold.forEach((node, position) => (node.index = number('ix') + position + 1));
  const finishedAtMs = number('df');
  const code = fields.get('dc');
  return {
    context: JSON.parse(context) as RunContext,
    epoch: number('ep'),
    status: fields.get('ds') as TerminalStatus,
    error: fields.get('dn') === '1' ? (fields.get('de') ?? '') : null,
    ...(code ? { code } : {}),
    startedAtMs: fields.get('b0') ? number('b0') : finishedAtMs,
    finishedAtMs,
    tokens: number('tk'),
    steps: number('ix') - number('in') + number('rt') + untold.filter(({ frame }) => frame === 0).length,
    exceptions: number('ex'),
    endOutputs: endOutputs.filter((text) => text !== null),
    running,
    leased: open.map(({ address }) => address),
  };
}

interface OpenNode {
  address: NodeAddress;
  /** Parts of the node's field (lua/includes/run.lua). */
  parts: string[];
}

/** A node that is ready or running. */
function parseOpen(field: string, text: string): OpenNode[] {
  const match = /^n(\d+)\.(\d+)$/.exec(field);
  if (!match || !/^(running|ready)\|/.test(text)) return [];
  return [{ address: { frame: Number(match[1]), node: Number(match[2]) }, parts: text.split('|') }];
}

/** @param againAtMs when it last began, of a node that did more than once; else 0 */
function runningNode({ address, parts }: OpenNode, againAtMs: number): RunningNode[] {
  const [state, attempt, , , executionId = '', index, started, announced = '0', , from] = parts;
  // One that waits for its retry has been shown as started.
  if (state === 'ready' && announced === '0') return [];
  const times = { index: Number(index), startedAtMs: Number(started), attemptAtMs: againAtMs || Number(started) };
  const predecessor = from ? { predecessor: Number(from) } : {};
  const told = announced === '0' ? {} : { startedEventId: announced };
  return [{ ...address, executionId, attempt: Number(attempt), ...times, ...told, ...predecessor }];
}

import type { NodeLedgerMeta, NodeRecord, Value, ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import { isObject } from './fields.js';

/** A public event of a run; `meta` is there for the `node_finished` of a settled node while the stream is in Redis. */
export interface RunEvent {
  event: string;
  node?: { meta: string };
}

const begins = new Set(['node_started', 'iteration_started', 'loop_started']);
const ends = new Set(['node_finished', 'iteration_completed', 'loop_completed']);

/** One execution while it is put together: the `data` of its events, the later over the earlier. */
interface Execution {
  data: ValueObject;
  startedAtMs?: number | undefined;
  finishedAtMs?: number | undefined;
}

/**
 * What the nodes of a run did, in the order they began; an attempt that failed and was repeated stands before its node's
 * own row (`status` `retry`). The events tell the most; records add the milliseconds, and what a lost stream no longer tells.
 */
export function nodeExecutionsOf(events: readonly RunEvent[], records: readonly NodeRecord[]): ValueObject[] {
  const executions: Execution[] = [];
  const byId = new Map<string, Execution>();
  const add = (id: string, execution: Execution, before?: Execution): void => {
    const place = before ? executions.indexOf(before) : -1;
    executions.splice(place < 0 ? executions.length : place, 0, execution);
    if (!before) byId.set(id, execution);
  };
  for (const { event, node } of [...events, ...recordedEvents(events, records)]) {
    if (event === '') continue;
    const { event: name, data } = parseJson(event) as { event: string; data: Value };
    const id = isObject(data) ? data['id'] : undefined;
    if (!isObject(data) || typeof id !== 'string') continue;
    const known = byId.get(id);
    if (begins.has(name)) {
      if (!known) add(id, { data: { ...data, status: 'running' } });
    } else if (name === 'node_retry') {
      add(id, { data }, known);
    } else if (ends.has(name)) {
      if (known) known.data = { ...known.data, ...data };
      else add(id, { data });
      const execution = byId.get(id);
      if (execution && node) setTimes(execution, JSON.parse(node.meta) as NodeLedgerMeta);
    }
  }
  for (const { meta } of records) {
    const known = byId.get(meta.executionId);
    if (known) setTimes(known, meta);
    else add(meta.executionId, { data: bare(meta), startedAtMs: meta.startedAtMs, finishedAtMs: meta.finishedAtMs });
  }
  return executions.map(present);
}

/** What was recorded of executions that no event tells of. */
function recordedEvents(events: readonly RunEvent[], records: readonly NodeRecord[]): RunEvent[] {
  const told = events.map(({ event }) => event).join('\n');
  return records
    .filter(({ meta }) => !told.includes(`"id":"${meta.executionId}"`))
    .flatMap(({ startedEvent, finishedEvent }) => [{ event: startedEvent }, { event: finishedEvent }]);
}

function setTimes(execution: Execution, { startedAtMs, finishedAtMs }: NodeLedgerMeta): void {
  execution.startedAtMs = startedAtMs;
  execution.finishedAtMs = finishedAtMs;
}

/** All that is left when neither stream nor archive has the events. */
const bare = (meta: NodeLedgerMeta): ValueObject => ({
  id: meta.executionId,
  index: meta.index,
  node_id: meta.nodeId,
  node_type: meta.nodeType,
  title: meta.title,
  status: meta.status,
  elapsed_time: (meta.finishedAtMs - meta.startedAtMs) / 1000,
  execution_metadata: { total_tokens: meta.tokens },
  created_at: Math.floor(meta.startedAtMs / 1000),
  finished_at: Math.floor(meta.finishedAtMs / 1000),
});

/** Dify's row with all its keys, and the milliseconds beside the seconds where they are known. */
function present({ data, startedAtMs, finishedAtMs }: Execution): ValueObject {
  const or = (key: string, fallback: Value): Value => data[key] ?? fallback;
  return {
    id: or('id', ''),
    index: or('index', null),
    predecessor_node_id: or('predecessor_node_id', null),
    node_id: or('node_id', ''),
    node_type: or('node_type', ''),
    title: or('title', ''),
    inputs: or('inputs', null),
    inputs_truncated: or('inputs_truncated', false),
    process_data: or('process_data', null),
    process_data_truncated: or('process_data_truncated', false),
    outputs: or('outputs', null),
    outputs_truncated: or('outputs_truncated', false),
    status: or('status', 'running'),
    error: or('error', null),
    elapsed_time: or('elapsed_time', 0),
    execution_metadata: or('execution_metadata', null),
    extras: or('extras', {}),
    created_at: or('created_at', null),
    finished_at: or('finished_at', null),
    iteration_id: or('iteration_id', null),
    loop_id: or('loop_id', null),
    ...(data['retry_index'] === undefined ? {} : { retry_index: data['retry_index'] }),
    started_at_ms: startedAtMs ?? null,
    finished_at_ms: finishedAtMs ?? null,
  };
}

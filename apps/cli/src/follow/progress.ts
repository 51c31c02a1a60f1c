import { z } from 'zod';
import type { RunEvent } from '../api/shapes.js';

/** A node of a run that is followed. */
export interface NodeProgress {
  id: string;
  title: string;
  /** Of a node inside an iteration or loop: 1; else 0. */
  depth: number;
  /** When its start was seen here, ms. */
  sinceMs: number;
}

/** What a viewer is to show of an event, in order. */
export type Step =
  | { kind: 'run'; runId: string; taskId: string }
  | { kind: 'begun'; node: NodeProgress }
  | { kind: 'ended'; node: NodeProgress; status: string; error: string | null; elapsedMs: number; tokens: number }
  | { kind: 'text'; text: string }
  | { kind: 'round'; title: string; index: number }
  | { kind: 'note'; text: string }
  | { kind: 'paused'; nodes: string[] }
  | { kind: 'finished'; end: RunEnd };

export interface RunEnd {
  runId: string;
  status: string;
  error: string | null;
  outputs: unknown;
  elapsedMs: number;
  tokens: number;
  steps: number;
}

const metadata = z.looseObject({ total_tokens: z.number().nullish() }).nullish();
const nodeData = z.looseObject({
  id: z.string(),
  title: z.string().default(''),
  status: z.string().default('succeeded'),
  error: z.string().nullish(),
  elapsed_time: z.number().default(0),
  execution_metadata: metadata,
  iteration_id: z.string().nullish(),
  loop_id: z.string().nullish(),
  retry_index: z.number().nullish(),
  index: z.number().nullish(),
});
const finishedData = z.looseObject({
  id: z.string(),
  status: z.string(),
  error: z.string().nullish(),
  outputs: z.unknown().optional(),
  elapsed_time: z.number().default(0),
  total_tokens: z.number().nullish(),
  total_steps: z.number().nullish(),
});
const textData = z.looseObject({ text: z.string() });
const pausedData = z.looseObject({ paused_nodes: z.array(z.string()).default([]) });

/** Follows which nodes are under way; pure but for the time it is told. */
export function createProgress() {
  const running = new Map<string, NodeProgress>();
  const nodeOf = (data: z.infer<typeof nodeData>, nowMs: number): NodeProgress =>
    running.get(data.id) ?? {
      id: data.id,
      title: data.title,
      depth: data.iteration_id || data.loop_id ? 1 : 0,
      sinceMs: nowMs - data.elapsed_time * 1000,
    };

  return {
    /** Those under way, in the order they began. */
    running: (): NodeProgress[] => [...running.values()],

    /** What an event means; `undefined` for one that shows nothing. */
    step(event: RunEvent, nowMs: number): Step | undefined {
      switch (event.event) {
        case 'workflow_started':
          return { kind: 'run', runId: event.workflow_run_id ?? '', taskId: event.task_id ?? '' };
        case 'node_started':
        case 'iteration_started':
        case 'loop_started': {
          const node = nodeOf(nodeData.parse(event['data']), nowMs);
          running.set(node.id, node);
          return { kind: 'begun', node };
        }
        case 'iteration_next':
        case 'loop_next': {
          const { id, title, index } = nodeData.parse(event['data']);
          return { kind: 'round', title: running.get(id)?.title ?? title, index: index ?? 0 };
        }
        case 'node_finished':
        case 'node_retry':
        case 'iteration_completed':
        case 'loop_completed': {
          const data = nodeData.parse(event['data']);
          const node = nodeOf(data, nowMs);
          if (event.event !== 'node_retry') running.delete(node.id);
          const { status, error = null, elapsed_time: seconds, execution_metadata: meta } = data;
          return { kind: 'ended', node, status, error, elapsedMs: seconds * 1000, tokens: meta?.total_tokens ?? 0 };
        }
        case 'text_chunk':
          return { kind: 'text', text: textData.parse(event['data']).text };
        case 'error':
          return { kind: 'note', text: z.looseObject({ message: z.string().default('') }).parse(event).message };
        case 'human_input_required':
          return { kind: 'note', text: 'waits for input' };
        case 'workflow_paused':
          return { kind: 'paused', nodes: pausedData.parse(event['data']).paused_nodes };
        case 'workflow_finished':
          running.clear();
          return { kind: 'finished', end: endOf(finishedData.parse(event['data'])) };
        default:
          return undefined;
      }
    },
  };
}

const endOf = (data: z.infer<typeof finishedData>): RunEnd => ({
  runId: data.id,
  status: data.status,
  error: data.error ?? null,
  outputs: data.outputs ?? {},
  elapsedMs: data.elapsed_time * 1000,
  tokens: data.total_tokens ?? 0,
  steps: data.total_steps ?? 0,
});

import { z } from 'zod';
import type { RunEvent } from './service-api.js';

/** A result: one line of JSON for machines, or the given text for people. */
export function printResult(json: boolean, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}

const node = z.looseObject({ title: z.string(), status: z.string().optional(), error: z.string().nullish() });
const finished = z.looseObject({ status: z.string(), error: z.string().nullish(), outputs: z.unknown() });
const chunk = z.looseObject({ text: z.string() });

/**
 * Prints a run as it goes: text as it comes, the outputs at the end; with `json` every event on a line.
 * @returns whether the run succeeded (at least in part)
 */
export async function printRun(json: boolean, events: AsyncIterable<RunEvent>): Promise<boolean> {
  let succeeded = false;
  for await (const event of events) {
    if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
    else printEvent(event);
    if (event.event !== 'workflow_finished') continue;
    succeeded = ['succeeded', 'partial-succeeded'].includes(finished.parse(event['data']).status);
  }
  return succeeded;
}

function printEvent(event: RunEvent): void {
  const { data } = event;
  switch (event.event) {
    case 'workflow_started':
      process.stderr.write(`run ${event.workflow_run_id ?? ''}\n`);
      break;
    case 'node_finished': {
      const { title, status, error } = node.parse(data);
      process.stderr.write(`${title}: ${status ?? ''}${error ? ` (${error})` : ''}\n`);
      break;
    }
    case 'text_chunk':
      process.stderr.write(chunk.parse(data).text);
      break;
    case 'workflow_finished': {
      const { status, error, outputs } = finished.parse(data);
      process.stderr.write(`${status}${error ? `: ${error}` : ''}\n`);
      process.stdout.write(`${JSON.stringify(outputs, null, 2)}\n`);
      break;
    }
    default:
  }
}

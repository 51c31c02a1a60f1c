import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { reach } from './reach.js';
import { reasonOf, say } from './say.js';

const runEvent = z.looseObject({
  event: z.string(),
  task_id: z.string().optional(),
  workflow_run_id: z.string().optional(),
});
/** One event of a run's stream. */
export type RunEvent = z.infer<typeof runEvent>;

/** The server says no: asking again would not help. */
class RefusedError extends Error {}

/** The part of the Service API that the command line uses. @param apiKey of the app */
export function createServiceApi(url: string, apiKey: string) {
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    const answer = await reach(new URL(`/v1/${path}`, url), {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    });
    if (answer.ok) return answer;
    const body = await answer.text();
    const parsed = z.looseObject({ message: z.string() }).safeParse(tryJson(body));
    const message = `${path}: ${parsed.data?.message ?? `status ${answer.status}`}`;
    throw answer.status === 503 ? new Error(message) : new RefusedError(message);
  };
  return {
    /** Runs the workflow and yields its events to the end. */
    async *run(inputs: Record<string, unknown>, user: string): AsyncGenerator<RunEvent> {
      const body = JSON.stringify({ inputs, user, response_mode: 'streaming' });
      const answer = await call('workflows/run', { method: 'POST', body });
      yield* toTheEnd(answer.headers.get('x-workflow-run-id') ?? '', user, answer);
    },
    /** Submits a run and answers at once. */
    async submit(inputs: Record<string, unknown>, user: string): Promise<unknown> {
      const body = JSON.stringify({ inputs, user, response_mode: 'async' });
      return (await call('workflows/run', { method: 'POST', body })).json();
    },
    /** Yields the events of a run from its beginning, whether it still runs or not. */
    async *tail(runId: string, user: string): AsyncGenerator<RunEvent> {
      yield* toTheEnd(runId, user, await follow(runId, user, '0-0'));
    },
  };

  function follow(runId: string, user: string, after: string): Promise<Response> {
    const query = new URLSearchParams({ user });
    const path = `workflow/${encodeURIComponent(runId)}/events?${query.toString()}`;
    return call(path, { method: 'GET', headers: { 'last-event-id': after } });
  }

  /** A stream that breaks off is taken up again after its last event. */
  async function* toTheEnd(runId: string, user: string, first: Response): AsyncGenerator<RunEvent> {
    let after = '0-0';
    let answer: Response | undefined = first;
    for (let vain = 0; vain < vainAttempts; vain += 1) {
      try {
        for await (const { id, event } of events(answer ?? (await follow(runId, user, after)))) {
          if (id !== undefined) after = id;
          vain = 0;
          yield event;
          if (last.has(event.event)) return;
        }
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        say(`The stream broke off: ${reasonOf(error)}`);
      }
      answer = undefined;
      await pause(500 * 2 ** vain);
    }
    throw new Error(`Run ${runId} can't be followed now; it goes on.`);
  }
}

/** The events that end a stream. */
const last = new Set(['workflow_finished', 'workflow_paused']);

/** Attempts without an event; with their pauses they outlast the restart of a gateway. */
const vainAttempts = 5;

/** Reads server-sent events; a frame without `data` (a ping) is skipped. */
async function* events(answer: Response): AsyncGenerator<{ id?: string; event: RunEvent }> {
  if (!answer.body) return;
  let rest = '';
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n');
      const id = /^id: ?(.*)$/m.exec(frame)?.[1];
      if (data !== '') yield { event: runEvent.parse(JSON.parse(data)), ...(id === undefined ? {} : { id }) };
    }
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // no JSON: the status has to do
  }
}

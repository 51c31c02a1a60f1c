import { z } from 'zod';

const runEvent = z.looseObject({
  event: z.string(),
  task_id: z.string().optional(),
  workflow_run_id: z.string().optional(),
});
/** One event of a run's stream. */
export type RunEvent = z.infer<typeof runEvent>;

/** The part of the Service API that the command line uses. @param apiKey of the app */
export function createServiceApi(url: string, apiKey: string) {
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(new URL(`/v1/${path}`, url), {
      ...init,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    });
    if (answer.ok) return answer;
    const body = await answer.text();
    const parsed = z.looseObject({ message: z.string() }).safeParse(tryJson(body));
    throw new Error(`${path}: ${parsed.data?.message ?? `status ${answer.status}`}`);
  };
  return {
    /** Runs the workflow and yields its events to the end. */
    async *run(inputs: Record<string, unknown>, user: string): AsyncGenerator<RunEvent> {
      const body = JSON.stringify({ inputs, user, response_mode: 'streaming' });
      yield* events(await call('workflows/run', { method: 'POST', body }));
    },
    /** Submits a run and answers at once. */
    async submit(inputs: Record<string, unknown>, user: string): Promise<unknown> {
      const body = JSON.stringify({ inputs, user, response_mode: 'async' });
      return (await call('workflows/run', { method: 'POST', body })).json();
    },
    /** Yields the events of a run from its beginning, whether it still runs or not. */
    async *tail(runId: string, user: string): AsyncGenerator<RunEvent> {
      const query = new URLSearchParams({ user, include_state_snapshot: 'true' });
      yield* events(await call(`workflow/${encodeURIComponent(runId)}/events?${query.toString()}`, { method: 'GET' }));
    },
  };
}

/** Reads server-sent events; a frame without `data` (a ping) is skipped. */
async function* events(answer: Response): AsyncGenerator<RunEvent> {
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
      if (data !== '') yield runEvent.parse(JSON.parse(data));
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

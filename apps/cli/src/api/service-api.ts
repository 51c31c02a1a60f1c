import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { otherServer, parseJson, reach, successOf, understood } from './reach.js';
import { parameters, uploadedFile, type FormVariable } from './shapes.js';

/** A run that was accepted, and the stream of its events. */
export interface OpenedRun {
  runId: string;
  taskId: string;
  traceId: string;
  answer: Response;
}

export type ServiceApi = ReturnType<typeof createServiceApi>;

/** The part of the Service API that the command line uses. @param apiKey of the app @param signal ends calls and streams */
export function createServiceApi(url: string, apiKey: string, signal?: AbortSignal) {
  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    successOf(
      await reach(new URL(`/v1/${path}`, url), {
        ...init,
        ...(signal ? { signal } : {}),
        headers: { ...init.headers, authorization: `Bearer ${apiKey}` },
      }),
      '--key or MILLRACE_API_KEY',
    );
  const post = (path: string, body: object): Promise<Response> =>
    call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

  return {
    /** The start form of the published version. */
    form: async (): Promise<FormVariable[]> =>
      understood(parameters, parseJson(await (await call('parameters')).text())),

    /** Uploads a file for later runs of `user`. @param type its MIME type */
    async upload(path: string, user: string, type: string) {
      const body = new FormData();
      body.set('user', user);
      body.set('file', await openAsBlob(path, { type }), basename(path));
      return understood(uploadedFile, parseJson(await (await call('files/upload', { method: 'POST', body })).text()));
    },

    /** Starts a run and opens the stream of its events. */
    async run(inputs: object, user: string, extra: { trace_id?: string } = {}): Promise<OpenedRun> {
      const answer = streamOf(await post('workflows/run', { inputs, user, response_mode: 'streaming', ...extra }));
      const header = (name: string) => answer.headers.get(name) ?? '';
      return {
        runId: header('x-workflow-run-id'),
        taskId: header('x-task-id'),
        traceId: header('x-trace-id'),
        answer,
      };
    },

    /** Opens the stream of a run's events after one of them; `0-0` for all. */
    async follow(runId: string, user: string, after: string): Promise<Response> {
      const query = new URLSearchParams({ user });
      const path = `workflow/${encodeURIComponent(runId)}/events?${query.toString()}`;
      const answer = await call(path, { headers: { 'last-event-id': after } });
      return answer.status === 204 ? answer : streamOf(answer);
    },

    stop: (taskId: string, user: string) => post(`workflows/tasks/${taskId}/stop`, { user }),
  };
}

/** An answer that is a stream of events. @throws CliError when something else answers */
function streamOf(answer: Response): Response {
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer;
  throw otherServer();
}

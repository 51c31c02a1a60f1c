import { errorCatalogue, type ErrorCode, type RunContext, type Value, type ValueObject } from '@millrace/contracts';
import { systemVariables } from '@millrace/engine';
import { floatValue, objectOf, parseJson, stringifyJson } from '@millrace/graph';
import { anonymousSessionId } from '@millrace/store';
import type { JsonAnswer } from '../http/send-json.js';
import { isError, isPause } from '../relay/event-kind.js';
import type { StoredEvent } from '../relay/ports.js';
import type { ListedRun, LogPage, LogQuery, StoredRun } from './ports.js';

const seconds = (ms: number): number => Math.floor(ms / 1000);

const blockingKeys = [
  'id',
  'workflow_id',
  'status',
  'outputs',
  'error',
  'elapsed_time',
  'total_tokens',
  'total_steps',
  'created_at',
  'finished_at',
] as const;

/**
 * The body of a blocking run that ended: its terminal event without what only streams carry. A
 * provider's failure stands directly before the terminal event and decides the HTTP status.
 */
export function presentEnd(run: RunContext, events: StoredEvent[]): JsonAnswer {
  const last = events.at(-1)?.event ?? '{}';
  const before = events.at(-2)?.event;
  const data = isPause(last) ? pausedData(run, dataOf(last)) : pick(dataOf(last), blockingKeys);
  const ids = { task_id: run.taskId, workflow_run_id: run.runId };
  if (before === undefined || !isError(before)) return { status: 200, body: stringifyJson({ ...ids, data }) };
  const { code = 'internal_server_error', message = '', status } = parseJson(before) as ValueObject;
  const http = typeof status === 'number' ? status : statusOf(code);
  return { status: http, body: stringifyJson({ code, message, status: http, ...ids, data }) };
}

const statusOf = (code: Value): number =>
  typeof code === 'string' && code in errorCatalogue ? errorCatalogue[code as ErrorCode].status : 500;

const dataOf = (event: string): ValueObject => (parseJson(event) as ValueObject)['data'] as ValueObject;

const pick = (from: ValueObject, keys: readonly string[]): ValueObject =>
  Object.fromEntries(keys.map((key): [string, Value] => [key, from[key] ?? null]));

function pausedData(run: RunContext, data: ValueObject): ValueObject {
  const known = { ...data, id: run.runId, workflow_id: run.versionId, finished_at: null, error: null };
  return pick(known, [...blockingKeys, 'paused_nodes', 'reasons']);
}

/** The body of a blocking run that outlasts its deadline; the run goes on. */
export const presentUnfinished = (run: RunContext): JsonAnswer => ({
  status: 202,
  body: stringifyJson({
    task_id: run.taskId,
    workflow_run_id: run.runId,
    data: {
      id: run.runId,
      workflow_id: run.versionId,
      status: 'running',
      outputs: null,
      error: null,
      elapsed_time: floatValue(0),
      total_tokens: 0,
      total_steps: 0,
      created_at: seconds(run.createdAtMs),
      finished_at: null,
    },
  }),
});

/** `GET /v1/workflows/run/{id}` (service-api 2.3): `inputs` is JSON text inside a string. */
export function presentDetail({ context, inputs, ending }: StoredRun): string {
  const { runId, versionId, createdAtMs } = context;
  const system = Object.entries(systemVariables(context)).map(([key, value]): [string, Value] => [`sys.${key}`, value]);
  const shown = stringifyJson(objectOf([...Object.entries(parseJson(inputs) as ValueObject), ...system]));
  const head = { id: runId, workflow_id: versionId, status: ending?.status ?? 'running', inputs: shown };
  const tail = {
    error: ending?.error ?? null,
    total_steps: ending?.totalSteps ?? 0,
    total_tokens: ending?.totalTokens ?? 0,
    created_at: seconds(createdAtMs),
    finished_at: ending ? seconds(ending.finishedAtMs) : null,
    elapsed_time: floatValue(ending?.elapsedSeconds ?? 0),
  };
  return `${JSON.stringify(head).slice(0, -1)},"outputs":${ending?.outputs ?? '{}'},${stringifyJson(tail).slice(1)}`;
}

/** Who made a run, as Dify's lists tell it. */
export const creatorOf = ({ endUserId, user }: RunContext) => ({
  created_by_role: 'end_user',
  created_by_account: null,
  created_by_end_user: {
    ...{ id: endUserId, type: 'service-api' },
    is_anonymous: user === anonymousSessionId,
    session_id: user,
  },
});

/** `GET /v1/workflows/logs` (service-api 2.5). */
export const presentLogs = ({ page, limit }: LogQuery, { items, total }: LogPage): string =>
  stringifyJson({ page, limit, total, has_more: total > page * limit, data: items.map(presentLog) });

const presentLog = ({ context, ending, versionLabel, triggeredFrom, createdFrom }: ListedRun) => ({
  // A log row is the run itself; its id must only differ from the run's.
  id: context.taskId,
  workflow_run: {
    id: context.runId,
    version: versionLabel,
    status: ending?.status ?? 'running',
    triggered_from: triggeredFrom,
    error: ending?.error ?? null,
    elapsed_time: floatValue(ending?.elapsedSeconds ?? 0),
    total_tokens: ending?.totalTokens ?? 0,
    total_steps: ending?.totalSteps ?? 0,
    created_at: seconds(context.createdAtMs),
    finished_at: ending ? seconds(ending.finishedAtMs) : null,
    exceptions_count: ending?.exceptionsCount ?? 0,
  },
  details: null,
  created_from: createdFrom,
  ...creatorOf(context),
  created_at: seconds(context.createdAtMs),
});

/**
 * Every span, attribute and log field there is. `docs/telemetry.md` is made from it, and tests hold what processes export
 * against it: {@link uncatalogued}.
 */

/** Attributes and what they say. Names without `millrace.` are those of the OpenTelemetry conventions. */
export const attributes = {
  'millrace.run.id': '`workflow_run_id`',
  'millrace.task.id': '`task_id`',
  'millrace.tenant.id': 'tenant',
  'millrace.app.id': 'app',
  'millrace.workflow.id': 'version that ran',
  'millrace.trace.id': "public trace id: the caller's as given, else the trace id",
  'millrace.run.status': '`succeeded`, `partial-succeeded`, `failed` or `stopped`',
  'millrace.run.tokens': 'tokens of all model calls',
  'millrace.run.steps': 'node executions',
  'millrace.node.id': 'id of the node in the workflow file',
  'millrace.node.type': 'type of the node',
  'millrace.node.attempt': 'number of the attempt, from the second on',
  'millrace.node.crashes': 'workers that died with this attempt, if any did',
  'error.type': 'class of the error, only on failure; never its message',
  'http.request.method': 'method, `_OTHER` for an unusual one',
  'http.route': 'route, such as `/v1/workflows/run`',
  'http.response.status_code': 'status of the answer',
  'http.request.resend_count': 'redirects and repetitions before this request, if any',
  'url.full': 'origin and a path as far as it is known to hold nothing of users; no query, no credentials',
  'server.address': 'host that is called',
  'server.port': 'its port',
  'gen_ai.operation.name': '`chat` or `text_completion`',
  'gen_ai.provider.name': "provider, as the conventions name it, else the workflow file's short name",
  'gen_ai.request.model': 'model of the workflow file',
  'gen_ai.request.stream': 'always true',
  'gen_ai.output.type': '`json` if a schema is asked for, else `text`',
  'gen_ai.request.temperature': 'parameter of the node, if set',
  'gen_ai.request.top_p': 'likewise',
  'gen_ai.request.top_k': 'likewise',
  'gen_ai.request.max_tokens': 'likewise',
  'gen_ai.request.presence_penalty': 'likewise',
  'gen_ai.request.frequency_penalty': 'likewise',
  'gen_ai.request.seed': 'likewise',
  'gen_ai.response.model': 'model that answered, as the provider names it',
  'gen_ai.response.id': "provider's id of the answer",
  'gen_ai.response.finish_reasons': 'why the model stopped',
  'gen_ai.response.time_to_first_chunk': 'seconds until the first text',
  'gen_ai.usage.input_tokens': 'tokens of the prompt',
  'gen_ai.usage.output_tokens': 'tokens of the answer',
  'db.system.name': '`postgresql` or `redis`',
  'db.namespace': 'database',
  'db.query.summary': 'name of the statement; never its text or values',
  'db.operation.name': '`EVALSHA`',
  'db.stored_procedure.name': 'name of the script',
  'messaging.system': '`bullmq`',
  'messaging.operation.name': '`send`',
  'messaging.operation.type': '`send`',
  'messaging.destination.name': 'queue of node jobs',
  'messaging.batch.message_count': 'jobs, if more than one',
} as const;

export type AttributeName = keyof typeof attributes;

export interface SpanDescription {
  /** Name as it is exported; `{…}` stands for what varies. */
  name: string;
  kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  parent: string;
  when: string;
  attributes: readonly AttributeName[];
  /** What it links to. Default: nothing. */
  links?: string;
}

const gateway = ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'] as const;

export const spans: readonly SpanDescription[] = [
  {
    name: 'POST {route}',
    kind: 'server',
    parent: "none, or the caller's span (`traceparent`)",
    when: 'a run is submitted; from its minting to the end of the answer',
    attributes: gateway,
    links: "the caller's span, if `trace_id` made this a trace of its own",
  },
  {
    name: 'workflow run',
    kind: 'internal',
    parent: 'the server span',
    when: 'a run has ended; from its acceptance to its end',
    attributes: [
      'millrace.run.id',
      'millrace.task.id',
      'millrace.tenant.id',
      'millrace.app.id',
      'millrace.workflow.id',
      'millrace.trace.id',
      'millrace.run.status',
      'millrace.run.tokens',
      'millrace.run.steps',
      'error.type',
    ],
  },
  {
    name: 'node queue',
    kind: 'internal',
    parent: 'the run span',
    when: 'a worker takes a node up; from ready to taken',
    attributes: ['millrace.node.id'],
  },
  {
    name: 'node {type}',
    kind: 'consumer',
    parent: 'the run span',
    when: 'a worker has executed a node, or has taken it over from a dead worker (`error.type` `worker_died`)',
    attributes: [
      'millrace.run.id',
      'millrace.node.id',
      'millrace.node.type',
      'millrace.node.attempt',
      'millrace.node.crashes',
      'error.type',
    ],
    links: 'the failed attempt, on a retry; the attempt whose worker died, on a re-execution',
  },
  {
    name: 'relay {mode}',
    kind: 'producer',
    parent: 'the run span',
    when: 'a client has followed a run: `streaming`, `blocking` or `events`',
    attributes: [],
  },
  {
    name: '{operation} {model}',
    kind: 'client',
    parent: 'the node span',
    when: 'a model is called; with all repetitions of the call',
    attributes: [
      'gen_ai.operation.name',
      'gen_ai.provider.name',
      'gen_ai.request.model',
      'gen_ai.request.stream',
      'gen_ai.output.type',
      'gen_ai.request.temperature',
      'gen_ai.request.top_p',
      'gen_ai.request.top_k',
      'gen_ai.request.max_tokens',
      'gen_ai.request.presence_penalty',
      'gen_ai.request.frequency_penalty',
      'gen_ai.request.seed',
      'gen_ai.response.model',
      'gen_ai.response.id',
      'gen_ai.response.finish_reasons',
      'gen_ai.response.time_to_first_chunk',
      'gen_ai.usage.input_tokens',
      'gen_ai.usage.output_tokens',
      'server.address',
      'server.port',
      'error.type',
    ],
  },
  {
    name: '{method}',
    kind: 'client',
    parent: 'the node span, or the span of the model call',
    when: 'a request goes out: of an HTTP node, to a model provider, for a remote file; each hop of a redirect is one',
    attributes: [
      'http.request.method',
      'url.full',
      'server.address',
      'server.port',
      'http.response.status_code',
      'http.request.resend_count',
      'error.type',
    ],
  },
  {
    name: 'EVALSHA {script}',
    kind: 'client',
    parent: 'the server span or the node span',
    when: 'a transition of a run in Redis, in traces chosen by `MILLRACE_TRACE_STORE_RATIO`',
    attributes: [
      'db.system.name',
      'db.namespace',
      'db.operation.name',
      'db.stored_procedure.name',
      'server.address',
      'server.port',
      'error.type',
    ],
  },
  {
    name: '{statement}',
    kind: 'client',
    parent: 'the server span or the node span',
    when: 'a statement in PostgreSQL, its wait for a shared one included; in the same traces',
    attributes: ['db.system.name', 'db.namespace', 'db.query.summary', 'server.address', 'server.port', 'error.type'],
  },
  {
    name: 'send {queue}',
    kind: 'producer',
    parent: 'the server span or the node span',
    when: 'node jobs are queued; in the same traces',
    attributes: [
      'messaging.system',
      'messaging.operation.name',
      'messaging.operation.type',
      'messaging.destination.name',
      'messaging.batch.message_count',
      'error.type',
    ],
  },
];

/** Fields of log lines, each line one JSON object. */
export const logFields: Readonly<Record<string, string>> = {
  level: '`fatal`, `error`, `warn`, `info`, `debug` or `trace`',
  time: 'ISO 8601, UTC',
  service: '`gateway`, `worker` or `recorder`',
  pid: 'process',
  msg: 'what happened',
  err: '`name`, `message`, `code`, `stack` and `cause` of an error',
  trace_id: 'trace, as its backend knows it; in the scope of a run',
  public_trace_id: "the caller's `trace_id`, if it is another",
  span_id: 'span within which the line was written, if one is recorded',
  run_id: '`workflow_run_id`; in the scope of a run',
  node_id: 'node; while one is executed',
};

const kinds = ['unset', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

/** A span as it was exported. */
export interface ExportedSpan {
  name: string;
  /** OTLP number. */
  kind: number;
  attributes: Record<string, unknown>;
}

/** What is exported and not in the catalogue, as text; a span belongs to a description by name and kind. */
export function uncatalogued(exported: readonly ExportedSpan[]): string[] {
  const strange = exported.flatMap(({ name, kind, attributes: found }) => {
    const fitting = spans.filter((span) => span.kind === kinds[kind] && fits(span.name, name));
    if (fitting.length === 0) return [`${kinds[kind] ?? kind} span '${name}'`];
    const isKnown = (attribute: string) =>
      fitting.some((span) => (span.attributes as readonly string[]).includes(attribute));
    return Object.keys(found)
      .filter((attribute) => !isKnown(attribute))
      .map((attribute) => `${attribute} of '${name}'`);
  });
  return [...new Set(strange)];
}

function fits(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '.+');
  return new RegExp(`^${source}$`, 's').test(name);
}

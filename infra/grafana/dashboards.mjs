// What the dashboards show. `node infra/grafana/build.mjs` writes them as JSON; the metrics: docs/telemetry.md.
import { choice, dashboard, input, lines, number, quantiles, query, rate, table, traces, words } from './panels.mjs';

/** A share that is 0 while nothing of the kind has happened. */
const share = (part, whole) =>
  `(sum(rate(${part}[$__rate_interval])) or vector(0)) / sum(rate(${whole}[$__rate_interval]))`;

const runs = 'millrace_run_duration_seconds_count';
const http = 'millrace_http_request_duration_seconds_count';

const fleet = dashboard({
  uid: 'millrace-fleet',
  title: 'Millrace: fleet',
  description: 'Is it up, is it fast, does it fail?',
  panels: [
    number('Processes up', 'short', 'sum(up{job="millrace"})'),
    number('Runs ended', 'ops', `sum(rate(${runs}[$__rate_interval]))`),
    number('Failed runs', 'percentunit', share(`${runs}{status="failed"}`, runs), { bad: 0.5 }),
    number('Unfinished runs', 'short', 'sum(max by (shard) (millrace_runs_unfinished))'),
    number('Oldest job in the queue', 's', 'max(millrace_queue_oldest_seconds)', { bad: 30 }),
    number('Stuck', 'short', 'sum(max by (shard, reason) (millrace_runs_stuck))', {
      bad: 1,
      description: 'Runs that nobody brings to their end; anything but 0 is a fault.',
    }),
    lines('Runs ended, by status', 'ops', [rate(runs, ['status'])], { stack: true }),
    lines('Time of a run', 's', [quantiles('millrace_run_duration_seconds')]),
    lines('Requests, by route', 'reqps', [rate(http, ['method', 'route'])]),
    lines(
      'Time of a request, by route (95 %)',
      's',
      [quantiles('millrace_http_request_duration_seconds', ['route'], [0.95])],
      {
        description: 'A stream takes as long as its client stays.',
      },
    ),
    lines('Requests, by status', 'reqps', [rate(http, ['status'])], { stack: true }),
    lines('Share of 5xx', 'percentunit', [query(share(`${http}{status=~"5.."}`, http), '5xx')]),
    lines('Clients that follow a run', 'short', [
      query('sum by (wants) (millrace_stream_viewers)', '{{wants}}'),
      query('sum(millrace_stream_viewers_full)', 'too slow'),
    ]),
    lines('Events on their way to clients', 's', [quantiles('millrace_stream_lag_seconds')], {
      description: 'From the ring that announces events to this gateway until they are in the buffer of the client.',
    }),
    lines('CPU', 'percentunit', [
      query('rate(process_cpu_seconds_total{job="millrace"}[$__rate_interval])', '{{service}} {{instance}}'),
    ]),
    lines('Memory', 'bytes', [query('process_resident_memory_bytes{job="millrace"}', '{{service}} {{instance}}')]),
    lines('Event loop lag (99 %)', 's', [
      query('nodejs_eventloop_lag_p99_seconds{job="millrace"}', '{{service}} {{instance}}'),
    ]),
    lines('Repairs by the reconciler', 'ops', [rate('millrace_reconciler_actions_total', ['action'])], {
      description: 'After a killed worker or a lost Redis there are some; a steady rate has a cause.',
    }),
  ],
});

const queue = dashboard({
  uid: 'millrace-queue',
  title: 'Millrace: queue and saturation',
  description: 'Do jobs wait, and is it for lack of workers?',
  panels: [
    number('Oldest job', 's', 'max(millrace_queue_oldest_seconds)', { bad: 30, width: 6 }),
    number('Waiting jobs', 'short', 'sum(max by (shard) (millrace_queue_jobs{state="waiting"}))', { width: 6 }),
    number('Slots taken', 'percentunit', 'sum(millrace_worker_slots_used) / sum(millrace_worker_slots)', {
      width: 6,
      bad: 0.9,
    }),
    number('Workers', 'short', 'count(millrace_worker_slots)', { width: 6 }),
    lines('Age of the oldest job', 's', [query('max by (shard) (millrace_queue_oldest_seconds)', 'shard {{shard}}')]),
    lines('Jobs in the queue', 'short', [
      query('sum by (state) (max by (shard, state) (millrace_queue_jobs))', '{{state}}'),
    ]),
    lines('Worker slots', 'short', [
      query('sum(millrace_worker_slots_used)', 'taken'),
      query('sum(millrace_worker_slots)', 'all'),
    ]),
    lines('Slots taken, by worker', 'short', [query('millrace_worker_slots_used', '{{instance}}')]),
    lines('Wait from ready to begun', 's', [quantiles('millrace_node_wait_seconds')]),
    lines('Nodes, by type', 'ops', [rate('millrace_node_duration_seconds_count', ['type'])]),
    lines('Time of a node, by type (95 %)', 's', [quantiles('millrace_node_duration_seconds', ['type'], [0.95])]),
    lines('Nodes that did not succeed, by type', 'ops', [
      rate('millrace_node_duration_seconds_count{status!="succeeded"}', ['type', 'status']),
    ]),
    lines('Interpreters for code', 'short', [
      query('sum by (language) (millrace_code_interpreters_used)', '{{language}} taken'),
      query('sum by (language) (millrace_code_interpreters)', '{{language}} all'),
      query('sum by (language) (millrace_code_waiting)', '{{language}} waiting'),
    ]),
    lines('Time of code (95 %)', 's', [
      quantiles('millrace_code_duration_seconds', ['language'], [0.95]),
      quantiles('millrace_code_wait_seconds', ['language'], [0.95]).map((each) => ({
        ...each,
        legend: `${each.legend} wait`,
      })),
    ]),
    lines('Code, by outcome', 'ops', [rate('millrace_code_duration_seconds_count', ['language', 'outcome'])]),
    lines('Unfinished runs', 'short', [query('max by (shard) (millrace_runs_unfinished)', 'shard {{shard}}')]),
  ],
});

const ended = 'millrace_tenant_runs_ended_total{tenant=~"$tenant"}';
const tenants = dashboard({
  uid: 'millrace-tenants',
  title: 'Millrace: tenants',
  description: 'Who uses it, and who has trouble? `other` are tenants beyond METRICS_TENANTS.',
  variables: [choice('tenant', 'millrace_tenant_runs_ended_total')],
  panels: [
    table('Runs, ten tenants with the most', 'short', `topk(10, sum by (tenant) (increase(${ended}[$__range])))`),
    table(
      'Failed runs, ten tenants with the most',
      'short',
      'topk(10, sum by (tenant) (increase(millrace_tenant_runs_ended_total{tenant=~"$tenant",status="failed"}[$__range])))',
    ),
    lines('Runs accepted', 'ops', [rate('millrace_tenant_runs_accepted_total{tenant=~"$tenant"}', ['tenant'])]),
    lines('Runs ended, by status', 'ops', [rate(ended, ['tenant', 'status'])]),
    lines('Mean time of a run', 's', [
      query(
        `sum by (tenant) (rate(millrace_tenant_run_seconds_total{tenant=~"$tenant"}[$__rate_interval])) / sum by (tenant) (rate(${ended}[$__rate_interval]))`,
        '{{tenant}}',
      ),
    ]),
    lines('Model tokens a second', 'short', [rate('millrace_tenant_tokens_total{tenant=~"$tenant"}', ['tenant'])]),
  ],
});

const ofModel = '{provider=~"$provider",model=~"$model"}';
const calls = `millrace_model_duration_seconds_count${ofModel}`;
const byModel = ['provider', 'model'];
const models = dashboard({
  uid: 'millrace-models',
  title: 'Millrace: models',
  description: 'How fast, how dear and how reliable are the models?',
  variables: [
    choice('provider', 'millrace_model_duration_seconds_count'),
    choice('model', 'millrace_model_duration_seconds_count'),
  ],
  panels: [
    number('Calls', 'ops', `sum(rate(${calls}[$__rate_interval]))`, { width: 6 }),
    number('Failed calls', 'percentunit', share(`millrace_model_errors_total${ofModel}`, calls), {
      bad: 0.25,
      width: 6,
    }),
    number('Price in this time', 'currencyUSD', `sum(increase(millrace_model_price_usd_total${ofModel}[$__range]))`, {
      width: 6,
    }),
    number('Tokens in this time', 'short', `sum(increase(millrace_model_tokens_total${ofModel}[$__range]))`, {
      width: 6,
    }),
    lines('Calls, by model', 'ops', [rate(calls, byModel)]),
    lines('Failed calls, by kind of error', 'ops', [
      rate(`millrace_model_errors_total${ofModel}`, [...byModel, 'error']),
    ]),
    lines('Time of a call', 's', [modelQuantiles('millrace_model_duration_seconds')]),
    lines('Time to the first text', 's', [modelQuantiles('millrace_model_first_token_seconds')]),
    lines('Tokens a second', 'short', [rate(`millrace_model_tokens_total${ofModel}`, [...byModel, 'direction'])]),
    lines('US dollars an hour', 'currencyUSD', [
      query(
        `3600 * sum by (provider, model) (rate(millrace_model_price_usd_total${ofModel}[$__rate_interval]))`,
        '{{provider}} {{model}}',
      ),
    ]),
  ],
});

/** Quantiles of the models that are chosen. */
function modelQuantiles(metric) {
  return quantiles(metric, byModel, [0.5, 0.95]).map((each) => ({
    ...each,
    expr: each.expr.replace(`${metric}_bucket`, `${metric}_bucket${ofModel}`),
  }));
}

const history = dashboard({
  uid: 'millrace-history',
  title: 'Millrace: recorders and PostgreSQL',
  description: 'Does history keep up, and are there partitions ahead?',
  panels: [
    number('Recorder lag', 's', 'max(millrace_ledger_oldest_seconds)', { bad: 60, width: 6 }),
    number('Ledger entries', 'short', 'sum(max by (shard) (millrace_ledger_entries))', { width: 6 }),
    number('Partitions ahead', 's', 'max(millrace_partitions_ahead_seconds)', { width: 6 }),
    number('Oldest unfinished run', 's', 'max(millrace_runs_unfinished_oldest_seconds)', { width: 6 }),
    lines('Age of the oldest ledger entry', 's', [
      query('max by (shard) (millrace_ledger_oldest_seconds)', 'shard {{shard}}'),
    ]),
    lines('Ledger entries', 'short', [query('max by (shard) (millrace_ledger_entries)', 'shard {{shard}}')], {
      description: 'What PostgreSQL does not have yet. Above a limit new runs are refused.',
    }),
    lines('Age of a batch when it is recorded', 's', [quantiles('millrace_recorder_lag_seconds')]),
    lines('Entries of a batch', 'short', [quantiles('millrace_recorder_batch_entries')]),
    lines('Rows written', 'ops', [rate('millrace_recorder_rows_total', ['kind'])]),
    lines('Entries that failed', 'ops', [
      rate('millrace_recorder_failed_total', ['kind'], 'failed {{kind}}'),
      rate('millrace_recorder_parked_total', ['kind'], 'set aside {{kind}}'),
    ]),
    lines('Connections to PostgreSQL', 'short', [
      query('sum by (service, state) (millrace_postgres_connections)', '{{service}} {{state}}'),
      query('sum by (service) (millrace_postgres_connections_max)', '{{service}} most'),
    ]),
    lines('Queries that wait for a connection', 'short', [
      query('sum by (service) (millrace_postgres_waiting)', '{{service}}'),
    ]),
    lines('Nodes with a lapsed lease', 'short', [query('max by (shard) (millrace_nodes_overdue)', 'shard {{shard}}')]),
    lines('Stuck runs', 'short', [query('max by (shard, reason) (millrace_runs_stuck)', 'shard {{shard}} {{reason}}')]),
  ],
});

const redis = dashboard({
  uid: 'millrace-redis',
  title: 'Millrace: Redis',
  description: 'Is there memory left, and can nothing be evicted?',
  panels: [
    number('Reached by all gateways', 'bool_yes_no', 'min(millrace_redis_up)', { width: 6 }),
    number('Memory', 'bytes', 'max(millrace_redis_memory_used_bytes)', { width: 6 }),
    number('Evicted keys', 'short', 'max(millrace_redis_evicted_keys_total)', { bad: 1, width: 6 }),
    number('Connections', 'short', 'max(millrace_redis_clients)', { width: 6 }),
    lines('Memory', 'bytes', [
      query('max(millrace_redis_memory_used_bytes)', 'used'),
      query('max(millrace_redis_memory_max_bytes)', 'limit (0: none)'),
    ]),
    lines('What fills it', 'short', [
      query('sum(max by (shard) (millrace_runs_unfinished))', 'unfinished runs'),
      query('sum(max by (shard) (millrace_ledger_entries))', 'ledger entries'),
      query('sum(max by (shard, state) (millrace_queue_jobs))', 'jobs'),
    ]),
    lines('Evicted keys', 'ops', [query('max(rate(millrace_redis_evicted_keys_total[$__rate_interval]))', 'evicted')]),
    table('When memory is full', 'short', 'max by (policy) (millrace_redis_policy_info)'),
  ],
});

const run = dashboard({
  uid: 'millrace-run',
  title: 'Millrace: a run',
  description: 'Finds a run by its trace id or its run id.',
  variables: [input('trace_id', 'Trace id'), input('run_id', 'Run id')],
  from: 'now-6h',
  panels: [
    words(
      'Put in the **trace id** (32 hex digits: `X-Trace-Id` of the answer, `trace_id` of its events and log lines) or the ' +
        '**run id** (`X-Workflow-Run-Id`) and see its spans below. The points in the diagram are runs with a trace: click one.\n\n' +
        'From a terminal: `npx millrace show ${run_id}`. The lines of all processes about it: `grep -h ${trace_id:raw}` over their logs.',
    ),
    traces('traces', 'The trace', { query: '${trace_id}' }, { height: 16 }),
    traces(
      'table',
      'Traces of the run id',
      { queryType: 'search', service: 'millrace-worker', tags: 'millrace.run.id="${run_id}"', limit: 20 },
      { description: 'Click a trace id to open it.', height: 6 },
    ),
    lines('Time of a run, with examples', 's', [quantiles('millrace_run_duration_seconds', [], [0.95])], { width: 24 }),
  ],
});

/** By file name. */
export const dashboards = { fleet, queue, tenants, models, history, redis, run };

/**
 * Every metric of Millrace, said once: the processes register what this list names, docs/telemetry.md is made of it,
 * and the queries of dashboards and alerts are checked against it.
 *
 * M1: base units (seconds, bytes, US dollars) in the name, counters end in `_total`.
 * M2: what users name (tenants, models) is a label only through `createBoundedLabel`.
 * M3: a metric "of the fleet" is read from Redis or Postgres at a scrape. Every gateway tells the same, so take the `max`.
 */
export type ServiceName = 'gateway' | 'worker' | 'recorder';

/** Service times, from a queue hop (1 ms) to a long model call (2 min). */
export const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export interface MetricDefinition {
  name: `millrace_${string}`;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels?: readonly string[];
  /** Upper bounds, ascending. Default: {@link secondsBuckets}. */
  buckets?: readonly number[];
  /** Processes that have it. */
  in: readonly ServiceName[];
  /** Whether it is read from Redis or Postgres at a scrape and the same in every gateway (M3). */
  ofFleet?: true;
}

const all = ['gateway', 'worker', 'recorder'] as const;
const gateway = ['gateway'] as const;
const worker = ['worker'] as const;
const recorder = ['recorder'] as const;
const fleet = { in: gateway, ofFleet: true } as const;

export const catalogue = {
  // Runs
  runDuration: {
    name: 'millrace_run_duration_seconds',
    type: 'histogram',
    help: 'Time from the first node to the end of runs that ended here, by status; its count counts the runs.',
    labels: ['status'],
    in: ['gateway', 'worker'],
  },
  runsUnfinished: {
    name: 'millrace_runs_unfinished',
    type: 'gauge',
    help: 'Runs that were accepted and have not ended.',
    labels: ['shard'],
    ...fleet,
  },
  runsOldest: {
    name: 'millrace_runs_unfinished_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest run that has not ended; 0 when there is none.',
    labels: ['shard'],
    ...fleet,
  },
  runsStuck: {
    name: 'millrace_runs_stuck',
    type: 'gauge',
    help: 'Runs that nobody brings to their end, for over a minute: `expired` past the time limit, `ending` decided and not published, `lost` accepted and unknown to Redis (of the 200 oldest). Anything but 0 is a fault.',
    labels: ['shard', 'reason'],
    ...fleet,
  },
  nodesOverdue: {
    name: 'millrace_nodes_overdue',
    type: 'gauge',
    help: 'Nodes whose lease ran out over a minute ago and that nobody queued again. Anything but 0 is a fault.',
    labels: ['shard'],
    ...fleet,
  },
  reconcilerActions: {
    name: 'millrace_reconciler_actions_total',
    type: 'counter',
    help: 'What the reconciler repaired: `run_expired` ended at its time limit, `ending_published` in place of who decided it, `node_requeued` whose worker died or job was lost, `run_restored` from Postgres, `epoch_raised` after a restart of Redis.',
    labels: ['action'],
    in: worker,
  },

  // Tenants
  tenantAccepted: {
    name: 'millrace_tenant_runs_accepted_total',
    type: 'counter',
    help: 'Runs accepted, by tenant.',
    labels: ['tenant'],
    in: gateway,
  },
  tenantEnded: {
    name: 'millrace_tenant_runs_ended_total',
    type: 'counter',
    help: 'Runs that ended here, by tenant and status.',
    labels: ['tenant', 'status'],
    in: ['gateway', 'worker'],
  },
  tenantSeconds: {
    name: 'millrace_tenant_run_seconds_total',
    type: 'counter',
    help: 'Time that runs took which ended here, by tenant; divided by their number it is the mean.',
    labels: ['tenant'],
    in: ['gateway', 'worker'],
  },
  tenantTokens: {
    name: 'millrace_tenant_tokens_total',
    type: 'counter',
    help: 'Model tokens of runs that ended here, by tenant.',
    labels: ['tenant'],
    in: ['gateway', 'worker'],
  },

  // Nodes and workers
  nodeDuration: {
    name: 'millrace_node_duration_seconds',
    type: 'histogram',
    help: 'Execution time of one attempt of a node, by type and status.',
    labels: ['type', 'status'],
    in: worker,
  },
  nodeWait: {
    name: 'millrace_node_wait_seconds',
    type: 'histogram',
    help: 'Time from ready to begun.',
    in: worker,
  },
  slots: {
    name: 'millrace_worker_slots',
    type: 'gauge',
    help: 'Node jobs this worker runs at a time, over all shards.',
    in: worker,
  },
  slotsUsed: {
    name: 'millrace_worker_slots_used',
    type: 'gauge',
    help: 'Node jobs this worker has in hand.',
    in: worker,
  },
  queueJobs: {
    name: 'millrace_queue_jobs',
    type: 'gauge',
    help: 'Node jobs in the queue: `waiting` for a worker, `delayed` until a retry.',
    labels: ['shard', 'state'],
    ...fleet,
  },
  queueOldest: {
    name: 'millrace_queue_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest node job that waits; 0 when none does.',
    labels: ['shard'],
    ...fleet,
  },

  // Models
  modelDuration: {
    name: 'millrace_model_duration_seconds',
    type: 'histogram',
    help: 'Time of a model call with its repetitions, by outcome (`ok`, `error`, `aborted`); its count counts the calls.',
    labels: ['provider', 'model', 'outcome'],
    in: worker,
  },
  modelFirstToken: {
    name: 'millrace_model_first_token_seconds',
    type: 'histogram',
    help: 'Time from the call that succeeded to the first text.',
    labels: ['provider', 'model'],
    in: worker,
  },
  modelTokens: {
    name: 'millrace_model_tokens_total',
    type: 'counter',
    help: 'Tokens, `input` and `output`, as providers count them.',
    labels: ['provider', 'model', 'direction'],
    in: worker,
  },
  modelPrice: {
    name: 'millrace_model_price_usd_total',
    type: 'counter',
    help: 'Price of the tokens; 0 for models without a price (docs/models.md).',
    labels: ['provider', 'model'],
    in: worker,
  },
  modelErrors: {
    name: 'millrace_model_errors_total',
    type: 'counter',
    help: 'Model calls that failed, after their repetitions, by kind of error.',
    labels: ['provider', 'model', 'error'],
    in: worker,
  },

  // Users' code
  codeDuration: {
    name: 'millrace_code_duration_seconds',
    type: 'histogram',
    help: 'Time of running code of a code node, by language and outcome.',
    labels: ['language', 'outcome'],
    in: worker,
  },
  codeWait: {
    name: 'millrace_code_wait_seconds',
    type: 'histogram',
    help: 'Time until an interpreter was free, by language.',
    labels: ['language'],
    in: worker,
  },
  codeInterpreters: {
    name: 'millrace_code_interpreters',
    type: 'gauge',
    help: 'Runs of code at a time that this worker allows.',
    labels: ['language'],
    in: worker,
  },
  codeInterpretersUsed: {
    name: 'millrace_code_interpreters_used',
    type: 'gauge',
    help: 'Runs of code under way.',
    labels: ['language'],
    in: worker,
  },
  codeWaiting: {
    name: 'millrace_code_waiting',
    type: 'gauge',
    help: 'Runs of code that wait for an interpreter.',
    labels: ['language'],
    in: worker,
  },
  codeHelperStarts: {
    name: 'millrace_code_helper_starts_total',
    type: 'counter',
    help: 'Starts of the helper process; more than one means that it died.',
    in: worker,
  },

  // HTTP and streams
  httpDuration: {
    name: 'millrace_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from a request to the end of its answer; for streams, the time the client stayed.',
    labels: ['method', 'route', 'status'],
    in: gateway,
  },
  gatewayRuns: {
    name: 'millrace_gateway_runs_total',
    type: 'counter',
    help: 'Runs submitted here, by response mode and what the caller saw last: a run status, or `open` when the call ended first.',
    labels: ['mode', 'status'],
    in: gateway,
  },
  streamViewers: {
    name: 'millrace_stream_viewers',
    type: 'gauge',
    help: 'Clients that follow a run now: `events` on a stream, `end` in a blocking call.',
    labels: ['wants'],
    in: gateway,
  },
  streamFull: {
    name: 'millrace_stream_viewers_full',
    type: 'gauge',
    help: 'Clients whose buffer is full because they read too slowly; they get no more until it has drained.',
    in: gateway,
  },
  streamLag: {
    name: 'millrace_stream_lag_seconds',
    type: 'histogram',
    help: 'Time from the ring that announced events of a run to this gateway until its clients had them in their buffers.',
    in: gateway,
  },

  // History
  ledgerEntries: {
    name: 'millrace_ledger_entries',
    type: 'gauge',
    help: 'Ledger entries that Postgres does not have yet.',
    labels: ['shard'],
    ...fleet,
  },
  ledgerOldest: {
    name: 'millrace_ledger_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest ledger entry that Postgres does not have yet; 0 when there is none.',
    labels: ['shard'],
    ...fleet,
  },
  recorderLag: {
    name: 'millrace_recorder_lag_seconds',
    type: 'histogram',
    help: 'Age of the oldest entry of a batch when it was recorded.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    in: recorder,
  },
  recorderBatch: {
    name: 'millrace_recorder_batch_entries',
    type: 'histogram',
    help: 'Ledger entries of a batch.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
    in: recorder,
  },
  recorderRows: {
    name: 'millrace_recorder_rows_total',
    type: 'counter',
    help: 'Rows written to Postgres: `node` executions and archived `run`s.',
    labels: ['kind'],
    in: recorder,
  },
  recorderFailed: {
    name: 'millrace_recorder_failed_total',
    type: 'counter',
    help: 'Ledger entries that could not be recorded and are tried again.',
    labels: ['kind'],
    in: recorder,
  },
  recorderParked: {
    name: 'millrace_recorder_parked_total',
    type: 'counter',
    help: 'Ledger entries set aside because they could never be recorded.',
    labels: ['kind'],
    in: recorder,
  },

  // Postgres
  postgresUp: {
    name: 'millrace_postgres_up',
    type: 'gauge',
    help: 'Whether Postgres answered at this scrape (1 or 0).',
    in: gateway,
  },
  postgresConnections: {
    name: 'millrace_postgres_connections',
    type: 'gauge',
    help: 'Connections of this process to Postgres: `used` or `idle`.',
    labels: ['state'],
    in: all,
  },
  postgresConnectionsMax: {
    name: 'millrace_postgres_connections_max',
    type: 'gauge',
    help: 'Most connections this process opens to Postgres.',
    in: all,
  },
  postgresWaiting: {
    name: 'millrace_postgres_waiting',
    type: 'gauge',
    help: 'Queries of this process that wait for a connection.',
    in: all,
  },
  partitionsAhead: {
    name: 'millrace_partitions_ahead_seconds',
    type: 'gauge',
    help: 'Time until the end (UTC) of the last day that has its partitions, without a gap; 0 when today has none.',
    ...fleet,
  },

  // Redis
  redisUp: {
    name: 'millrace_redis_up',
    type: 'gauge',
    help: 'Whether Redis answered at this scrape (1 or 0).',
    in: gateway,
  },
  redisMemory: {
    name: 'millrace_redis_memory_used_bytes',
    type: 'gauge',
    help: 'Memory that Redis has allocated.',
    ...fleet,
  },
  redisMemoryMax: {
    name: 'millrace_redis_memory_max_bytes',
    type: 'gauge',
    help: 'Most memory that Redis may use; 0 when it has no limit.',
    ...fleet,
  },
  redisPolicy: {
    name: 'millrace_redis_policy_info',
    type: 'gauge',
    help: 'Always 1; the label tells what Redis does when its memory is full. Anything but `noeviction` loses runs.',
    labels: ['policy'],
    ...fleet,
  },
  redisEvicted: {
    name: 'millrace_redis_evicted_keys_total',
    type: 'counter',
    help: 'Keys that Redis has evicted since its start. Anything but 0 is a fault.',
    ...fleet,
  },
  redisClients: {
    name: 'millrace_redis_clients',
    type: 'gauge',
    help: 'Connections to Redis, of all processes.',
    ...fleet,
  },
} as const satisfies Record<string, MetricDefinition>;

/** Every metric, in the order of the page. */
export const metricDefinitions: readonly MetricDefinition[] = Object.values(catalogue);

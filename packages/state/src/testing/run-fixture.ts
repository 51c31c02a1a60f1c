import {
  newId,
  newRunId,
  type BeginResult,
  type BegunNode,
  type EdgeTable,
  type RunContext,
  type RunState,
  type SettleRequest,
  type SettleResult,
  type StartRequest,
  type StartResult,
  type StreamTable,
} from '@millrace/contracts';

/** A run context with made-up ids on shard 0. */
export const someContext = (): RunContext => ({
  runId: newRunId(Date.now()),
  shard: 0,
  tenantId: newId(),
  appId: newId(),
  versionId: newId(),
  taskId: newId(),
  endUserId: newId(),
  user: 'u',
  traceId: 't',
  trace: {},
  createdAtMs: Date.now(),
});

export interface BeginOptions {
  attempt?: number;
  jobId?: string;
  overdueToken?: string;
  reads?: string[];
  streams?: number[];
  leaseMs?: number;
}

export const chunkPrefix = '{"event":"text_chunk","data":{"text":';

/** Drives one run through the state port, naming nodes by number; node ids are `n<number>`. */
export class RunFixture {
  readonly context = someContext();
  constructor(
    readonly state: RunState,
    readonly options: {
      stream?: StreamTable;
      root?: number;
      maxSteps?: number;
      maxStreamedBytes?: number;
      maxValueBytes?: number;
      withinMs?: number;
      values?: StartRequest['values'];
      bell?: StartRequest['bell'];
      recorded?: StartRequest['recorded'];
    } = {},
  ) {}

  start(onLate?: () => void): Promise<StartResult> {
    const {
      stream,
      root = 0,
      maxSteps = 500,
      maxStreamedBytes = 1_000_000,
      maxValueBytes = 1_000_000,
      bell,
      recorded,
    } = this.options;
    const request = {
      context: this.context,
      epoch: 1,
      rootNode: root,
      rootNodeId: `n${root}`,
      inputs: '{"a":1.0}',
      startedEvent: '"workflow_started"',
      deadlineMs: Date.now() + 60_000,
      maxSteps,
      maxStreamedBytes,
      maxValueBytes,
      stream: stream ? JSON.stringify(stream) : '',
      chunkPrefix,
      values: this.options.values ?? [],
      ...(this.options.withinMs === undefined ? {} : { withinMs: this.options.withinMs }),
      ...(bell ? { bell } : {}),
      ...(recorded ? { recorded } : {}),
    };
    return this.state.start(request, onLate);
  }

  begin(node: number, options: BeginOptions = {}): Promise<BeginResult> {
    const { attempt = 1, reads = [], streams = [], leaseMs = 10_000 } = options;
    const jobId = options.jobId ?? `job-${node}-${attempt}`;
    const address = { frame: 0, node };
    return this.state.begin({
      ...this.context,
      address,
      attempt,
      jobId,
      overdueToken: options.overdueToken,
      token: newId(),
      executionId: newId(),
      reads,
      context: true,
      inputs: true,
      leaseMs,
      streams,
    });
  }

  async claim(node: number, options: BeginOptions = {}): Promise<BegunNode> {
    const begun = await this.begin(node, options);
    if (begun.kind !== 'begun') throw new Error(`node ${node} is ${begun.kind}`);
    return begun;
  }

  settle(
    node: number,
    token: string,
    edges: Partial<EdgeTable>,
    more: Partial<SettleRequest> = {},
  ): Promise<SettleResult> {
    return this.state.settle({
      runId: this.context.runId,
      shard: 0,
      address: { frame: 0, node },
      token,
      nodeId: `n${node}`,
      attempt: 1,
      outcome: 'done',
      outputs: `{"v":${node}}`,
      edges: JSON.stringify({ take: [], skip: [], below: {}, ...edges }),
      events: {
        head: [`,"node":${node},"index":`, ''],
        started: '}',
        finished: ',"data":{}}',
      },
      ledger: '{}',
      runLedger: '{}',
      tokens: 0,
      exceptions: 0,
      isEnd: false,
      values: [],
      closes: [],
      streamMoves: true,
      ...more,
    });
  }

  /** Claims and settles a node; answers the numbers of the nodes that became ready. */
  async run(node: number, edges: Partial<EdgeTable>, more: Partial<SettleRequest> = {}): Promise<number[]> {
    const settled = await this.settle(node, (await this.claim(node)).token, edges, more);
    if (settled.kind !== 'applied') throw new Error(`node ${node} is stale`);
    return settled.ready.map((ready) => ready.node);
  }
}

import type {
  AnnounceRequest,
  BeginRequest,
  BeginResult,
  Claim,
  DecidedRun,
  DecideRequest,
  DecideResult,
  EmitRequest,
  EmitResult,
  PublishedEnd,
  ReadRequest,
  ReadyNode,
  ReasonRequest,
  RunContext,
  RunRef,
  RunState,
  RunVariables,
  SettleRequest,
  SettleResult,
  StartRequest,
} from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { followClock } from './clock.js';
import { readDecided, type DecidedPayload } from './decided.js';
import { leaseMember, nodeField, outputsKey, runKeys, shardKeys } from './keys.js';
import { createRunEvents, type RunEvents } from './run-events.js';
import { callScript, loadAhead } from './scripts.js';

export interface RunStateOptions {
  /** A ready node whose job nobody began is looked at after this time. Default 15 s. */
  readyGraceMs?: number;
  /** With more entries than this waiting for a recorder no run is started. Default 100,000 (some 50 MB). */
  maxLedgerEntries?: number;
  /** Number of shards, to have scripts loaded before their first call. Default: they are loaded by it. */
  shards?: number;
}

const startResults = ['exists', 'started', 'late', 'full'] as const;

const keysOf = (run: RunRef): [string, string, string] => [
  runKeys.state(run),
  runKeys.variables(run),
  runKeys.events(run),
];

/** The run-state port on Redis. Each method is one Lua call; see `lua/` for what each one does. */
export function createRunState(
  redis: Redis,
  { readyGraceMs = 15_000, maxLedgerEntries = 100_000, shards }: RunStateOptions = {},
): RunState {
  if (shards !== undefined) loadAhead(redis, shards);
  const clock = followClock(redis);
  const runEvents = createRunEvents(redis);
  const call = (name: string, keys: string[], args: (string | number)[], onLate?: () => void): Promise<unknown> =>
    callScript(redis, name, keys, args, onLate);

  return {
    async start(request: StartRequest, onLate?: () => void) {
      const { context: run } = request;
      const reply = await call(
        'start',
        [...keysOf(run), shardKeys.leases(run.shard), shardKeys.deadlines(run.shard), shardKeys.ledger(run.shard)],
        [
          run.runId,
          request.epoch,
          JSON.stringify(run),
          request.inputs,
          request.startedEvent,
          request.deadlineMs,
          request.maxSteps,
          request.bell ? `${request.bell.channel} ${request.bell.mode}` : '',
          request.stream,
          request.chunkPrefix,
          request.rootNode,
          readyGraceMs,
          request.withinMs === undefined ? 0 : clock.now() + request.withinMs,
          maxLedgerEntries,
          request.recorded?.startedAtMs ?? '',
          request.maxStreamedBytes,
          request.maxValueBytes,
          request.values.length,
          ...request.values.flat(),
          ...(request.recorded?.events ?? []).flatMap(({ id, event }) => [id, event]),
        ],
        onLate,
      );
      const result = startResults[reply as number] ?? 'exists';
      if (result === 'late') clock.measure();
      return result;
    },

    async begin(request: BeginRequest): Promise<BeginResult> {
      const [kind, ...rest] = (await call(
        'begin',
        [...keysOf(request), shardKeys.leases(request.shard)],
        [
          request.runId,
          nodeField(request.address),
          request.attempt,
          request.jobId,
          request.token,
          request.executionId,
          request.leaseMs,
          request.streams.join(','),
          leaseMember(request.runId, request.address),
          request.overdueToken ?? '',
          ...variableKeys(request),
        ],
      )) as [string, ...unknown[]];
      if (kind !== 'begun') return { kind: kind === 'busy' ? 'busy' : 'gone' };
      const [token, executionId, index, started, announced, crashes, streamed, values, formerToken] = rest as [
        string,
        string,
        number,
        string,
        string,
        number,
        string,
        (string | null)[],
        string,
      ];
      const variables = variablesOf(request, values);
      if (!variables) return { kind: 'gone' };
      return {
        kind: 'begun',
        token,
        executionId,
        index,
        startedAtMs: Number(started),
        ...variables,
        announced: announced !== '0',
        crashes,
        streamed: streamed === '1',
        ...(formerToken === '' ? {} : { formerToken }),
      };
    },

    async read(request: ReadRequest) {
      const keys = variableKeys(request);
      const readAll = () => redis.hmget(runKeys.variables(request), ...keys);
      const values = keys.length === 0 ? [] : await readAll();
      if (!values.includes(null)) return variablesOf(request, values);
      // They may never come, or the node's job came before what makes it ready (`onLate` of settle). Asked for in
      // this order, all that a ready node reads is there.
      const nodeIs = redis.hget(runKeys.state(request), `n${nodeField(request.address)}`);
      const [node, again] = await Promise.all([nodeIs, readAll()]);
      return node?.startsWith('ready|') ? variablesOf(request, again) : undefined;
    },

    async announce(request: AnnounceRequest) {
      const reply = await call(
        'announce',
        [...keysOf(request), shardKeys.ledger(request.shard)],
        [
          request.runId,
          nodeField(request.address),
          request.token,
          ...request.started.head,
          request.started.started,
          request.retryEvent ?? '',
          request.ledger,
        ],
      );
      return reply === 1 ? 'ok' : 'stale';
    },

    async emit(request: EmitRequest) {
      const reply = await call(
        'emit',
        [...keysOf(request), shardKeys.decided(request.shard)],
        [
          request.runId,
          nodeField(request.address),
          request.token,
          request.sel,
          request.text,
          request.final ? '1' : '0',
          request.piece,
        ],
      );
      return emitted(runEvents, reply);
    },

    async reason({ event, piece, shownBy, ...claim }: ReasonRequest) {
      const { runId, shard, address, token } = claim;
      const keys = [...keysOf(claim), shardKeys.decided(shard)];
      return emitted(
        runEvents,
        await call('reason', keys, [runId, nodeField(address), token, event, piece, ...shownBy]),
      );
    },

    async settle(request: SettleRequest, onLate?: () => void): Promise<SettleResult> {
      const { shard, address } = request;
      const [kind, ended, ready, payload] = (await call(
        'settle',
        [...keysOf(request), shardKeys.leases(shard), shardKeys.ledger(shard), shardKeys.decided(shard)],
        [
          request.runId,
          address.frame,
          address.node,
          request.token,
          request.outcome,
          outputsKey(request.nodeId),
          request.outputs ?? '',
          request.edges,
          request.events.head[0],
          // JSON has no such character.
          [request.events.head[1], request.events.finished, request.ledger, request.events.started].join('\x1f'),
          readyGraceMs,
          request.unclaimedMs ?? '',
          moreOf(request),
          ...request.values.flat(),
        ],
        onLate,
      )) as [string, number?, (number | string)[]?, DecidedPayload?];
      if (kind !== 'applied') return { kind: 'stale' };
      const decided = ended === 1 && payload ? await readDecided(runEvents, payload) : undefined;
      return { kind: 'applied', ready: readyNodes(address.frame, ready ?? []), ...(decided ? { decided } : {}) };
    },

    async decide(request: DecideRequest): Promise<DecideResult> {
      const [kind, payload] = (await call(
        'decide',
        [...keysOf(request), shardKeys.decided(request.shard)],
        [request.runId, request.status, request.error ?? '', request.code ?? ''],
      )) as [DecideResult['kind'], DecidedPayload?];
      const decided = payload && (await readDecided(runEvents, payload));
      return { kind, ...(decided ? { decided } : {}) };
    },

    async decided(run: RunRef): Promise<DecidedRun | undefined> {
      const payload = (await call('decided', keysOf(run), [])) as DecidedPayload | null;
      return payload ? readDecided(runEvents, payload) : undefined;
    },

    async publishEnd(run: RunRef, { events, ledger, leased }) {
      const reply = await call(
        'publish-end',
        [
          ...keysOf(run),
          shardKeys.leases(run.shard),
          shardKeys.ledger(run.shard),
          shardKeys.decided(run.shard),
          shardKeys.deadlines(run.shard),
        ],
        [
          run.runId,
          ledger,
          leased.map((node) => leaseMember(run.runId, node)).join('\x1f'),
          ...events.flatMap(lastEvent),
        ],
      );
      return reply as 'published' | 'already' | 'gone';
    },

    async renew(shard: number, leaseMs: number, claims: Claim[]) {
      if (claims.length === 0) return [];
      const reply = (await call(
        'renew',
        [shardKeys.leases(shard), ...claims.map((claim) => runKeys.state(claim))],
        [
          leaseMs,
          ...claims.flatMap((claim) => [
            nodeField(claim.address),
            claim.token,
            leaseMember(claim.runId, claim.address),
          ]),
        ],
      )) as number[];
      return reply.map((stands) => stands === 1);
    },
  };
}

/** An event and the meta of the node that it cut off, if any (publish-end-7.lua). */
const lastEvent = (event: PublishedEnd['events'][number]): (string | number)[] =>
  typeof event === 'string' ? [event, '', '', ''] : [event.event, event.meta, event.index, event.startedEventId ?? ''];

async function emitted(events: RunEvents, reply: unknown): Promise<EmitResult> {
  const decided = Array.isArray(reply) ? await readDecided(events, reply as DecidedPayload) : undefined;
  return decided ?? (reply === 0 ? 'stale' : 'ok');
}

/** Keys of the variables hash. */
const variableKeys = ({ context, inputs, reads }: ReadRequest): string[] => [
  ...(context ? ['@ctx'] : []),
  ...(inputs ? ['@inputs'] : []),
  ...reads.map(outputsKey),
];

/** `undefined` when the context was asked for and is not there. */
function variablesOf(request: ReadRequest, values: (string | null)[]): RunVariables | undefined {
  const reads = [...values];
  const context = request.context ? reads.shift() : undefined;
  const inputs = request.inputs ? reads.shift() : undefined;
  if (!request.context) return { inputs: inputs ?? '{}', reads };
  return context ? { context: JSON.parse(context) as RunContext, inputs: inputs ?? '{}', reads } : undefined;
}

/** What most settlements need not say, or nothing. */
function moreOf(request: SettleRequest): string {
  const { tokens, exceptions, isEnd, error, code, closes, streamMoves, unclaimedMs, runLedger, recorded } = request;
  const more = {
    ...(tokens > 0 && { tokens }),
    ...(exceptions > 0 && { exceptions }),
    ...(isEnd && { isEnd }),
    ...(error !== undefined && { error }),
    ...(code !== undefined && { code }),
    ...(closes.length > 0 && { closes }),
    ...(streamMoves && { streamMoves }),
    ...(unclaimedMs === undefined && { runLedger }),
    ...(recorded !== undefined && { recorded }),
  };
  for (const _ in more) return JSON.stringify(more);
  return '';
}

/** @param triples node, attempt, and the node whose edge made it ready or an empty text */
function readyNodes(frame: number, triples: (number | string)[]): ReadyNode[] {
  const nodes: ReadyNode[] = [];
  for (let i = 0; i + 2 < triples.length; i += 3) {
    const [node, attempt, from] = triples.slice(i, i + 3);
    const predecessor = from === '' ? {} : { predecessor: Number(from) };
    nodes.push({ frame, node: Number(node), attempt: Number(attempt), ...predecessor });
  }
  return nodes;
}

import type { NodeAddress, RunContext, RunRef, TerminalStatus } from '@millrace/contracts';
import type { ChainableCommander, Redis } from 'ioredis';
import { markGeneration, readGeneration, type Generation } from './generation.js';
import { nodeField, runKeys, shardKeys } from './keys.js';
import { callScriptUngated } from './scripts.js';

/** A node whose lease ran out: its job may be lost or its worker dead. */
export interface OverdueNode {
  address: NodeAddress;
  /** Attempt to queue again. */
  attempt: number;
  predecessor?: number;
  /** Of whoever has it; empty when nobody has begun it. */
  token: string;
  /** Format of the run. */
  format: number;
  context: RunContext;
}

/** What the reconciler looks at. Every step is idempotent; the leader lease only saves work. */
export interface Recovery {
  /** Takes or keeps the leader lease of a shard. */
  lead(shard: number, owner: string, leaseMs: number): Promise<boolean>;
  /** Nodes that should have begun or renewed by now: their job may be lost or their worker dead. Looking postpones the next look by `postponeMs`. */
  overdueNodes(shard: number, limit: number, postponeMs: number): Promise<{ nodes: OverdueNode[]; more: boolean }>;
  /** Runs past their time limit. */
  overdueRuns(shard: number, limit: number): Promise<RunRef[]>;
  /** Runs decided more than `olderThanMs` ago whose end nobody published. */
  unpublished(shard: number, olderThanMs: number, limit: number): Promise<RunRef[]>;
  /** A run that needs neither an end nor its publishing any more. */
  forget(run: RunRef): Promise<void>;
  /** Which of the runs have state in Redis. */
  present(runs: RunRef[]): Promise<boolean[]>;
  /** Whether this Redis still is the one that was marked: `restarted` may have lost a tail, `lost` everything. */
  generation(shard: number): Promise<Generation>;
  markGeneration(shard: number): Promise<void>;
  /** Lifts a run to a new epoch, so that event ids never rewind. */
  raiseEpoch(run: RunRef, epoch: number): Promise<void>;
  /** Ids of all runs whose end is not published. */
  underWay(shard: number): Promise<string[]>;
  /** Contexts of those runs that have one. */
  contexts(runs: RunRef[]): Promise<RunContext[]>;
  /** Decides a run's end as part of the recovery; it is published later, as any that was left over. */
  close(run: RunRef, status: TerminalStatus, error: string): Promise<void>;
  /** Removes all that Redis holds of a run; what is left of its leases is tidied when they run out. */
  drop(run: RunRef): Promise<void>;
}

/** Replies of a pipeline. @throws the first error: half an answer must not be taken for "gone" */
async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  return ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

export function createRecovery(redis: Redis): Recovery {
  return {
    async lead(shard, owner, leaseMs) {
      const key = shardKeys.leader(shard);
      if ((await redis.set(key, owner, 'PX', leaseMs, 'NX')) === 'OK') return true;
      if ((await redis.get(key)) !== owner) return false;
      await redis.pexpire(key, leaseMs);
      return true;
    },

    async overdueNodes(shard, limit, postponeMs) {
      const key = shardKeys.leases(shard);
      const now = Date.now();
      const members = await redis.zrangebyscore(key, '-inf', now, 'LIMIT', 0, limit);
      if (members.length === 0) return { nodes: [], more: false };
      const nodes = members.map((member) => {
        const [runId = '', frame, node] = member.split('|');
        return { member, runId, shard, address: { frame: Number(frame), node: Number(node) } };
      });
      const look = redis.pipeline();
      for (const node of nodes) {
        look.hmget(runKeys.state(node), 'st', `n${nodeField(node.address)}`, 'v').hget(runKeys.variables(node), '@ctx');
      }
      const replies = await repliesOf(look);
      const tidy = redis.pipeline();
      const overdue: OverdueNode[] = [];
      nodes.forEach(({ member, address }, i) => {
        const [status, text, format] = (replies[2 * i] ?? []) as (string | null)[];
        const context = replies[2 * i + 1] as string | null;
        const [state, attempt, token = '', , , , , , , from] = text?.split('|') ?? [];
        const waits = status === 'running' && (state === 'ready' || state === 'running');
        if (waits && context) {
          const predecessor = from ? { predecessor: Number(from) } : {};
          overdue.push({
            address,
            attempt: Number(attempt),
            token,
            format: Number(format ?? 1),
            ...predecessor,
            context: JSON.parse(context) as RunContext,
          });
          tidy.zadd(key, 'XX', now + postponeMs, member);
        } else {
          tidy.zrem(key, member);
        }
      });
      await tidy.exec();
      return { nodes: overdue, more: members.length === limit };
    },

    async overdueRuns(shard, limit) {
      const ids = await redis.zrangebyscore(shardKeys.deadlines(shard), '-inf', Date.now(), 'LIMIT', 0, limit);
      return ids.map((runId) => ({ runId, shard }));
    },

    async unpublished(shard, olderThanMs, limit) {
      const until = Date.now() - olderThanMs;
      const ids = await redis.zrangebyscore(shardKeys.decided(shard), '-inf', until, 'LIMIT', 0, limit);
      return ids.map((runId) => ({ runId, shard }));
    },

    async forget({ runId, shard }) {
      await redis.multi().zrem(shardKeys.decided(shard), runId).zrem(shardKeys.deadlines(shard), runId).exec();
    },

    async present(runs) {
      if (runs.length === 0) return [];
      const pipeline = redis.pipeline();
      for (const run of runs) pipeline.exists(runKeys.state(run));
      return (await repliesOf(pipeline)).map((found) => found === 1);
    },

    generation: (shard) => readGeneration(redis, shard),
    markGeneration: (shard) => markGeneration(redis, shard),

    async raiseEpoch(run, epoch) {
      await callScriptUngated(redis, 'raise-epoch', [runKeys.state(run)], [epoch]);
    },

    underWay: (shard) => redis.zrangebyscore(shardKeys.deadlines(shard), '-inf', '+inf'),

    async contexts(runs) {
      const look = redis.pipeline();
      for (const run of runs) look.hget(runKeys.variables(run), '@ctx');
      return (await repliesOf(look)).flatMap((text) =>
        text === null ? [] : [JSON.parse(text as string) as RunContext],
      );
    },

    async close(run, status, error) {
      const keys = [runKeys.state(run), runKeys.variables(run), runKeys.events(run), shardKeys.decided(run.shard)];
      await callScriptUngated(redis, 'decide', keys, [run.runId, status, error, '']);
    },

    async drop(run) {
      const { runId, shard } = run;
      await redis
        .multi()
        .unlink(runKeys.state(run), runKeys.variables(run), runKeys.events(run))
        .zrem(shardKeys.decided(shard), runId)
        .zrem(shardKeys.deadlines(shard), runId)
        .exec();
    },
  };
}

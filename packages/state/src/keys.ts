import type { NodeAddress, RunRef } from '@millrace/contracts';

/**
 * Every key of a shard carries its hash tag `{sK}`, so one Lua call may touch a run's state, its
 * events and the shard's ledger, also on Redis Cluster.
 */
export const shardPrefix = (shard: number): string => `{s${shard}}`;

/** Shard of a key. */
export const shardOf = (key: string): number => Number(/^\{s(\d+)\}/.exec(key)?.[1]);

const run = (ref: RunRef): string => `${shardPrefix(ref.shard)}:run:${ref.runId}`;

export const runKeys = {
  /** Hash: status, counters, node and edge states. */
  state: run,
  /** Hash: outputs by node id, context, start inputs, waiting stream text. */
  variables: (ref: RunRef): string => `${run(ref)}:vars`,
  /** Stream: public events, entry id = event id. */
  events: (ref: RunRef): string => `${run(ref)}:events`,
};

export const shardKeys = {
  ledger: (shard: number): string => `${shardPrefix(shard)}:ledger`,
  /** Sorted set of ready and running nodes by the Unix ms at which somebody must look at them. */
  leases: (shard: number): string => `${shardPrefix(shard)}:leases`,
  /** Sorted set of unfinished runs by time limit. */
  deadlines: (shard: number): string => `${shardPrefix(shard)}:deadlines`,
  /** Sorted set of runs whose end is decided but not yet published. */
  decided: (shard: number): string => `${shardPrefix(shard)}:decided`,
  /** Marks the life of this Redis's data; missing or foreign = data were lost. */
  generation: (shard: number): string => `${shardPrefix(shard)}:generation`,
  /** Lease of the process that does periodic work. */
  leader: (shard: number): string => `${shardPrefix(shard)}:leader`,
  /** Pub/sub channel: ids of runs whose end was decided. */
  stops: (shard: number): string => `${shardPrefix(shard)}:stops`,
  /** Pub/sub channel of one gateway's doorbell. */
  bell: (shard: number, gateway: string): string => `${shardPrefix(shard)}:bell:${gateway}`,
};

/** Key of a node's outputs among the variables: no node id may meet the state's own keys, which begin otherwise. */
export const outputsKey = (nodeId: string): string => `=${nodeId}`;

/** Field suffix of a node in the run hash. */
export const nodeField = (address: NodeAddress): string => `${address.frame}.${address.node}`;

/** Member of the leases set. */
export const leaseMember = (runId: string, address: NodeAddress): string => `${runId}|${address.frame}|${address.node}`;

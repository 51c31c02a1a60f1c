export { connectRedis, type ConnectionProfile } from './connection.js';
export { createDoorbell, onStops, type Doorbell } from './doorbell.js';
export { createLedger, type Ledger, type LedgerOptions } from './ledger.js';
export { type Generation } from './generation.js';
export { createOverview, type Overview, type RedisServerState, type ShardRuns } from './overview.js';
export { createRecovery, type OverdueNode, type Recovery } from './recovery.js';
export {
  createRunEvents,
  type RangeRequest,
  type RecordedEvent,
  type RunEvents,
  type StoredEvent,
} from './run-events.js';
export { createRunState, type RunStateOptions } from './run-state.js';
export { shardPrefix } from './keys.js';
export { inspectRedis, redisFindings, type RedisFacts } from './server.js';

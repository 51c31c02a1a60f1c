import { newId, newRunId, type Ending, type NodeRecord } from '@millrace/contracts';
import { createDatabase } from '@millrace/testing';
import { createStore, type AcceptedRun, type Store } from '../index.js';

export interface TestStore {
  store: Store;
  url: string;
  close(): Promise<void>;
}

/** A store on a fresh, migrated database of its own. */
export async function startTestStore(): Promise<TestStore> {
  const { url, drop } = await createDatabase();
  const store = createStore({ databaseUrl: url, secretKey: 'k'.repeat(32), timeoutMs: 20_000 });
  return {
    store,
    url,
    async close() {
      await store.close();
      await drop();
    },
  };
}

/** A tenant with an app, for rows that belong to them. */
export async function seedApp(store: Store): Promise<{ tenantId: string; appId: string }> {
  const { id: tenantId } = await store.tenants.create({ name: 'Tenant' });
  const { id: appId } = await store.apps.create(tenantId, { name: 'App' });
  return { tenantId, appId };
}

export function buildRun(
  owner: { tenantId: string; appId: string },
  change: Partial<AcceptedRun['context']> & Partial<Omit<AcceptedRun, 'context'>> = {},
): AcceptedRun {
  const { versionLabel = '2026-02-03 04:05:06.789012', inputs = '{"a":1.0}', ...context } = change;
  const createdAtMs = context.createdAtMs ?? Date.now();
  return {
    versionLabel,
    inputs,
    context: {
      runId: newRunId(createdAtMs),
      shard: 0,
      versionId: newId(),
      taskId: newId(),
      endUserId: newId(),
      user: 'somebody',
      traceId: 'trace',
      trace: { traceparent: '00-1-2-01' },
      createdAtMs,
      ...owner,
      ...context,
    },
  };
}

export const buildEnding = (change: Partial<Ending> = {}): Ending => ({
  status: 'succeeded',
  error: null,
  outputs: '{"text":"done"}',
  elapsedSeconds: 1.25,
  totalTokens: 3_000_000_000,
  totalSteps: 5,
  exceptionsCount: 0,
  finishedAtMs: 1_790_000_000_123,
  ...change,
});

export function buildNode(
  run: AcceptedRun,
  change: Partial<NodeRecord> & Partial<NodeRecord['meta']> = {},
): NodeRecord {
  const { startedEventId, finishedEventId, startedEvent, finishedEvent, ...meta } = change;
  const { runId, tenantId, appId, createdAtMs } = run.context;
  return {
    runId,
    startedEventId: startedEventId ?? '1-2',
    finishedEventId: finishedEventId ?? '1-3',
    startedEvent: startedEvent ?? '{"event":"node_started"}',
    finishedEvent: finishedEvent ?? '{"event":"node_finished"}',
    meta: {
      tenantId,
      appId,
      createdAtMs,
      frame: 0,
      node: 1,
      nodeId: 'node-1',
      nodeType: 'template-transform',
      title: 'Template',
      executionId: newId(),
      index: 1,
      attempt: 1,
      status: 'succeeded',
      handle: 'source',
      tokens: 7,
      startedAtMs: createdAtMs + 1,
      finishedAtMs: createdAtMs + 2,
      ...meta,
    },
  };
}

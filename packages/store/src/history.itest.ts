import { newId, newRunId } from '@millrace/contracts';
import { buildNode, buildRun, seedApp, startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
let owner: { tenantId: string; appId: string };
beforeAll(async () => {
  db = await startTestStore();
  owner = await seedApp(db.store);
});
afterAll(() => db.close());

describe('node executions', () => {
  it('come back as they were recorded, by index, to their tenant only', async () => {
    const { nodeExecutions } = db.store;
    const run = buildRun(owner);
    const { tenantId, runId } = run.context;
    const records = [3, 1, 2].map((index) =>
      buildNode(run, { index, title: `t\0${index}`, finishedEvent: '{"x":1.0,"y":"\\u0000"}' }),
    );
    expect(await nodeExecutions.record(records)).toEqual([undefined, undefined, undefined]);
    expect(await nodeExecutions.record(records)).toEqual([undefined, undefined, undefined]);
    expect(await nodeExecutions.listForRun(tenantId, runId)).toEqual([records[1], records[2], records[0]]);
    expect(await nodeExecutions.listForRun(newId(), runId)).toEqual([]);
    expect(await nodeExecutions.listForRun(tenantId, 'x')).toEqual([]);
  });

  it('end up the same in any order: the later epoch, attempt and event stays', async () => {
    const { nodeExecutions } = db.store;
    const run = buildRun(owner);
    const { tenantId, runId } = run.context;
    const executionId = newId();
    const states = [
      buildNode(run, { executionId, attempt: 1, finishedEventId: '1-9', status: 'retry' }),
      buildNode(run, { executionId, attempt: 2, finishedEventId: '1-10', status: 'failed' }),
      buildNode(run, { executionId, attempt: 2, finishedEventId: '1-11', status: 'exception' }),
      buildNode(run, { executionId, attempt: 1, finishedEventId: '2-4', status: 'succeeded' }),
    ];
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ]) {
      for (const position of order) expect(await nodeExecutions.record([states[position]!])).toEqual([undefined]);
      expect(await nodeExecutions.listForRun(tenantId, runId)).toEqual([states[3]]);
    }
    const again = buildRun(owner);
    await nodeExecutions.record(
      states.map((state) => ({
        ...state,
        runId: again.context.runId,
        meta: { ...state.meta, createdAtMs: again.context.createdAtMs },
      })),
    );
    expect(await nodeExecutions.listForRun(tenantId, again.context.runId)).toMatchObject([{ finishedEventId: '2-4' }]);
  });

  it('leave only the bad record out', async () => {
    const { nodeExecutions } = db.store;
    const run = buildRun(owner);
    const records = [1, 2, 3, 4].map((index) =>
      buildNode(run, { index, ...(index === 3 ? { executionId: 'bad' } : {}) }),
    );
    const errors = await nodeExecutions.record(records);
    expect(errors.map((error) => error !== undefined)).toEqual([false, false, true, false]);
    const stored = await nodeExecutions.listForRun(owner.tenantId, run.context.runId);
    expect(stored.map((record) => record.meta.index)).toEqual([1, 2, 4]);
  });
});

describe('archives', () => {
  const archive = (count: number, epoch = 1, runId = newRunId(Date.now())) => ({
    runId,
    createdAtMs: Number.parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16),
    tenantId: owner.tenantId,
    epoch,
    events: Array.from({ length: count }, (_, seq) => ({
      id: `${epoch}-${seq + 1}`,
      event: `{"n":${seq},"t":"\\u0000"}`,
    })),
  });

  it('give back the stream, whole and from an id, to their tenant only', async () => {
    const { archives } = db.store;
    const one = archive(20);
    const large = archive(3000);
    expect(await archives.save([one, large])).toEqual([undefined, undefined]);
    expect(await archives.load(owner.tenantId, one.runId)).toEqual(one.events);
    expect(await archives.load(owner.tenantId, large.runId)).toEqual(large.events);
    expect(await archives.load(owner.tenantId, one.runId, { after: '1-18' })).toEqual(one.events.slice(18));
    expect(await archives.load(owner.tenantId, one.runId, { after: '1-20' })).toEqual([]);
    expect(await archives.load(newId(), one.runId)).toBeUndefined();
    expect(await archives.load(owner.tenantId, newRunId(Date.now()))).toBeUndefined();
    expect(await archives.load(owner.tenantId, 'x')).toBeUndefined();
  });

  it('are replaced by fuller ones only', async () => {
    const { archives } = db.store;
    const { runId } = archive(0);
    const versions = [archive(2, 1, runId), archive(5, 1, runId), archive(3, 2, runId)];
    await archives.save([versions[2]!, versions[0]!]);
    await archives.save([versions[1]!]);
    expect(await archives.load(owner.tenantId, runId)).toEqual(versions[2]!.events);
  });

  it('leave only the bad one out', async () => {
    const errors = await db.store.archives.save([archive(1), { ...archive(1), tenantId: 'bad' }, archive(1)]);
    expect(errors.map((error) => error !== undefined)).toEqual([false, true, false]);
  });
});

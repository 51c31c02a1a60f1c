import { createDatabase } from './database.js';
import { buildEnding, buildRun, seedApp, startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(() => db.close());

const workflow = (text: string) =>
  `{"graph":{"nodes":[]},"n":1.0,"big":12345678901234567890,"text":"\\u0000${text}",` +
  `"environment_variables":[{"name":"t","value":"hush","value_type":"secret"}]}`;

describe('versions', () => {
  it('publishes copies of the draft that later drafts do not change', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    expect(await versions.publish(tenantId, appId, { nowMs: 1000 })).toBeUndefined();
    expect(await versions.published(tenantId, appId)).toBeUndefined();
    expect(await versions.publishedRef(tenantId, appId)).toBeUndefined();

    const draft = await versions.saveDraft(tenantId, appId, workflow('one'));
    expect(draft).toMatchObject({ version: 'draft', workflow: workflow('one') });
    expect(await versions.list(tenantId, appId)).toEqual({ items: [], hasMore: false });
    const first = await versions.publish(tenantId, appId, { nowMs: 1000, markedName: 'v1', markedComment: '\0' });
    expect(first).toMatchObject({ version: '1970-01-01 00:00:01.000000', markedName: 'v1', markedComment: '\0' });

    const changed = await versions.saveDraft(tenantId, appId, workflow('two'));
    expect(changed!.id).toBe(draft!.id);
    expect(await versions.version(tenantId, first!.id)).toEqual({
      id: first!.id,
      tenantId,
      appId,
      workflow: workflow('one'),
    });
    const second = await versions.publish(tenantId, appId, { nowMs: 1000 });
    expect(await versions.published(tenantId, appId)).toEqual(second);
    expect(await versions.publishedRef(tenantId, appId)).toEqual({ id: second!.id, version: second!.version });
    expect(await versions.draft(tenantId, appId)).toEqual(changed);

    const page = await versions.list(tenantId, appId, { limit: 2 });
    expect(page.items.map((item) => item.id)).toEqual([draft!.id, second!.id]);
    expect(page.hasMore).toBe(true);
    const rest = await versions.list(tenantId, appId, { page: 2, limit: 2 });
    expect(rest).toMatchObject({ items: [{ id: first!.id }], hasMore: false });
  });

  it('publishes at the same time under different, rising labels', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    await versions.saveDraft(tenantId, appId, '{}');
    const all = await Promise.all([1, 2, 3, 4].map(() => versions.publish(tenantId, appId, { nowMs: 1000 })));
    expect(all.map((version) => version!.version.slice(-3)).sort()).toEqual(['000', '001', '002', '003']);
  });

  it('edits of a draft take turns, and one that throws changes nothing', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const longer = (current = '{}') => `${current} `;
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => versions.editDraft(tenantId, appId, longer)));
    const refuse = (): string => {
      throw new Error('no');
    };
    await expect(versions.editDraft(tenantId, appId, refuse)).rejects.toThrow('no');
    expect(await versions.draft(tenantId, appId)).toMatchObject({ workflow: `{}${' '.repeat(6)}` });
  });

  it('marks the draft and published versions', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    await versions.saveDraft(tenantId, appId, '{}');
    const { id } = (await versions.publish(tenantId, appId, { nowMs: 1000, markedName: 'a', markedComment: 'b' }))!;
    expect(await versions.mark(tenantId, appId, id, { markedName: 'c' })).toMatchObject({
      markedName: 'c',
      markedComment: 'b',
    });
    expect(await versions.mark(tenantId, appId, id, { markedComment: '' })).toMatchObject({ markedComment: '' });
    const other = await seedApp(db.store);
    expect(await versions.mark(other.tenantId, other.appId, id, { markedName: 'x' })).toBeUndefined();
    expect(await versions.mark(tenantId, other.appId, id, { markedName: 'x' })).toBeUndefined();
  });

  it('removes what neither runs nor has runs that have not ended', async () => {
    const { versions, runs } = db.store;
    const owner = await seedApp(db.store);
    const { tenantId, appId } = owner;
    const draft = (await versions.saveDraft(tenantId, appId, '{}'))!;
    const [busy, idle, current] = [
      (await versions.publish(tenantId, appId, { nowMs: 1000 }))!,
      (await versions.publish(tenantId, appId, { nowMs: 2000 }))!,
      (await versions.publish(tenantId, appId, { nowMs: 3000 }))!,
    ];
    const run = buildRun(owner, { versionId: busy.id });
    await runs.insertAccepted(run);
    const remove = (id: string) => versions.remove(tenantId, appId, id);
    expect(await remove(draft.id)).toBe('draft');
    expect(await remove(current.id)).toBe('in use');
    expect(await remove(busy.id)).toBe('in use');
    expect(await versions.remove((await seedApp(db.store)).tenantId, appId, idle.id)).toBe('unknown');
    expect(await remove(idle.id)).toBe('removed');
    expect(await remove(idle.id)).toBe('unknown');
    await runs.saveEnding(tenantId, run.context.runId, buildEnding());
    expect(await remove(busy.id)).toBe('removed');
    expect((await versions.list(tenantId, appId)).items.map(({ id }) => id)).toEqual([draft.id, current.id]);
  });

  it('takes snapshots of the draft for test runs, which nobody else sees and which go after a day', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const take = (nowMs: number) => versions.snapshot(tenantId, appId, { nowMs });
    const day = 24 * 60 * 60_000;
    expect(await take(0)).toBeUndefined();
    await versions.saveDraft(tenantId, appId, workflow('one'));
    const first = (await take(0))!;
    expect(first).toMatchObject({ workflow: workflow('one'), version: expect.stringMatching(/^draft-/) as string });
    expect((await take(day))!.id).toBe(first.id);
    expect(await versions.published(tenantId, appId)).toBeUndefined();
    expect(await versions.publishedRef(tenantId, appId)).toBeUndefined();
    await versions.publish(tenantId, appId, { nowMs: 1000 });
    expect((await versions.list(tenantId, appId)).items).toHaveLength(2);
    expect(await versions.remove(tenantId, appId, first.id)).toBe('unknown');
    expect(await versions.mark(tenantId, appId, first.id, { markedName: 'x' })).toBeUndefined();
    await versions.saveDraft(tenantId, appId, workflow('two'));
    const second = (await take(day))!;
    expect(second.id).not.toBe(first.id);
    expect(await versions.get(tenantId, first.id)).toBeDefined();
    await take(2 * day + 1);
    expect(await versions.get(tenantId, first.id)).toBeUndefined();
    expect(await versions.get(tenantId, second.id)).toBeDefined();
  });

  it('shows nothing to another tenant', async () => {
    const { versions } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const { tenantId: stranger } = await seedApp(db.store);
    await versions.saveDraft(tenantId, appId, '{}');
    const published = await versions.publish(tenantId, appId, { nowMs: 1000 });
    expect(await versions.saveDraft(stranger, appId, '{"mine":1}')).toBeUndefined();
    expect(await versions.publish(stranger, appId, { nowMs: 2000 })).toBeUndefined();
    expect(await versions.draft(stranger, appId)).toBeUndefined();
    expect(await versions.published(stranger, appId)).toBeUndefined();
    expect(await versions.publishedRef(stranger, appId)).toBeUndefined();
    expect(await versions.get(stranger, published!.id)).toBeUndefined();
    expect(await versions.version(stranger, published!.id)).toBeUndefined();
    expect((await versions.list(stranger, appId)).items).toEqual([]);
    expect(await versions.version(tenantId, 'not-a-uuid')).toBeUndefined();
  });

  it('keeps secrets unreadable at rest', async () => {
    const { tenantId, appId } = await seedApp(db.store);
    await db.store.versions.saveDraft(tenantId, appId, workflow('x'));
    await db.store.versions.publish(tenantId, appId, { nowMs: 1000 });
    const database = createDatabase({ databaseUrl: db.url });
    const stored = await database.query({ text: 'SELECT * FROM workflow_versions WHERE app_id = $1' }, [appId]);
    expect(stored).toHaveLength(2);
    expect(JSON.stringify(stored)).not.toContain('hush');
    await database.close();
  });
});

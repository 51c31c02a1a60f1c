import { createDatabase } from './database.js';
import { seedApp, startTestStore, type TestStore } from './testing/store.js';

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

import { createDatabase } from './database.js';
import { maxAppKeys } from './index.js';
import { seedApp, startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(() => db.close());

describe('apps', () => {
  it('belong to one tenant', async () => {
    const { apps } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    expect(await apps.get(tenantId, appId)).toMatchObject({ name: 'App', mode: 'workflow', enableApi: true });
    expect(await apps.get(stranger.tenantId, appId)).toBeUndefined();
    expect(await apps.setEnableApi(stranger.tenantId, appId, false)).toBeUndefined();
    expect(await apps.update(stranger.tenantId, appId, { name: 'Mine' })).toBeUndefined();
    expect(await apps.delete(stranger.tenantId, appId)).toBe(false);
    expect((await apps.list(stranger.tenantId)).map((app) => app.id)).toEqual([stranger.appId]);
    expect(await apps.get(tenantId, 'not-a-uuid')).toBeUndefined();
  });

  it('change what is given', async () => {
    const { apps } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    expect(await apps.update(tenantId, appId, { icon: '🤖', description: '\0' })).toMatchObject({
      name: 'App',
      icon: '🤖',
      description: '\0',
    });
    expect(await apps.setEnableApi(tenantId, appId, false)).toMatchObject({ enableApi: false });
    expect(await apps.delete(tenantId, appId)).toBe(true);
    expect(await apps.get(tenantId, appId)).toBeUndefined();
  });
});

describe('app keys', () => {
  it('resolve to tenant and app, are listed in full and stored unreadable', async () => {
    const { appKeys } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const created = await appKeys.create(tenantId, appId);
    if (created.kind !== 'created') throw new Error(created.kind);
    const { key } = created;
    expect(await appKeys.resolve(key.token)).toEqual({
      tenantId,
      appId,
      keyId: key.id,
      appMode: 'workflow',
      appStatus: 'normal',
      enableApi: true,
      tenantStatus: 'normal',
    });
    expect(await appKeys.list(tenantId, appId)).toEqual([key]);
    const database = createDatabase({ databaseUrl: db.url });
    const stored = await database.query({ text: 'SELECT * FROM app_keys WHERE id = $1' }, [key.id]);
    expect(JSON.stringify(stored)).not.toContain(key.token);
    await database.close();

    await appKeys.markUsed([key.id], 5000);
    expect(await appKeys.list(tenantId, appId)).toEqual([{ ...key, lastUsedAtMs: 5000 }]);
  });

  it('belong to one tenant, and are gone at once when deleted', async () => {
    const { appKeys } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const created = await appKeys.create(tenantId, appId);
    if (created.kind !== 'created') throw new Error(created.kind);
    const { id, token } = created.key;
    expect(await appKeys.create(stranger.tenantId, appId)).toEqual({ kind: 'unknown-app' });
    expect(await appKeys.list(stranger.tenantId, appId)).toEqual([]);
    expect(await appKeys.delete(stranger.tenantId, appId, id)).toBe(false);
    expect(await appKeys.delete(tenantId, stranger.appId, id)).toBe(false);
    expect(await appKeys.delete(tenantId, appId, id)).toBe(true);
    expect(await appKeys.resolve(token)).toBeUndefined();
  });

  it('number at most ten, whoever creates them at once', async () => {
    const { appKeys } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    // Fewer at a time than there are connections: a transaction holds one.
    const kinds: string[] = [];
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all([1, 2, 3, 4].map(() => appKeys.create(tenantId, appId)));
      kinds.push(...results.map((result) => result.kind));
    }
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(maxAppKeys);
    expect(kinds.filter((kind) => kind === 'limit')).toHaveLength(2);
  });

  it('of a given token are created once', async () => {
    const { appKeys } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const token = `app-${'s'.repeat(24)}`;
    const first = await appKeys.create(tenantId, appId, { token });
    expect(await appKeys.create(tenantId, appId, { token })).toEqual(first);
    await expect(appKeys.create(stranger.tenantId, stranger.appId, { token })).rejects.toThrow('another app');
  });
});

describe('end users', () => {
  it('are the same for the same session of the same app', async () => {
    const { endUsers } = db.store;
    const { tenantId, appId } = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const ids = await Promise.all(
      ['u\0', 'u\0', 'u', 'DEFAULT-USER'].map((user) => endUsers.ensure(tenantId, appId, user)),
    );
    expect(new Set(ids).size).toBe(3);
    expect(await endUsers.ensure(stranger.tenantId, stranger.appId, 'u')).not.toBe(ids[2]);
    expect(await endUsers.get(tenantId, appId, ids[0]!)).toMatchObject({ sessionId: 'u\0', isAnonymous: false });
    expect(await endUsers.get(tenantId, appId, ids[3]!)).toMatchObject({ isAnonymous: true });
    expect(await endUsers.get(stranger.tenantId, appId, ids[0]!)).toBeUndefined();
  });
});

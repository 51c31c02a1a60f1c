import { createStore, defaultTenantId } from './index.js';
import { startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(() => db.close());

describe('tenants', () => {
  it('are created with a console key that leads back to them', async () => {
    const { tenants, consoleKeys } = db.store;
    const { consoleKey, ...tenant } = await tenants.create({ name: 'A\0cme', limits: { maxConcurrentRuns: 3 } });
    expect(tenant).toMatchObject({ name: 'A\0cme', status: 'normal', limits: { maxConcurrentRuns: 3 } });
    expect(await consoleKeys.tenantOf(consoleKey)).toEqual(tenant);
    expect(await consoleKeys.tenantOf(await consoleKeys.create(tenant.id))).toEqual(tenant);
    expect(await consoleKeys.tenantOf('console-unknown')).toBeUndefined();
    expect(await tenants.get(tenant.id)).toEqual(tenant);
    expect(await tenants.list()).toContainEqual(tenant);
  });

  it('change what is given and nothing else', async () => {
    const { tenants } = db.store;
    const { id } = await tenants.create({ name: 'B', limits: { weight: 2 } });
    expect(await tenants.update(id, { status: 'suspended' })).toMatchObject({
      status: 'suspended',
      limits: { weight: 2 },
    });
    expect(await tenants.update(id, { limits: {} })).toMatchObject({ name: 'B', status: 'suspended', limits: {} });
    expect(await tenants.update('nobody', { name: 'C' })).toBeUndefined();
    expect(await tenants.get(crypto.randomUUID())).toBeUndefined();
  });

  it('have a default one, whoever starts first', async () => {
    const created = await Promise.all(Array.from({ length: 5 }, () => db.store.tenants.ensureDefault()));
    expect(new Set(created.map((tenant) => tenant.id))).toEqual(new Set([defaultTenantId]));
  });
});

describe('credentials', () => {
  it('are one record for the short and the long name, per tenant, encrypted', async () => {
    const { tenants, credentials } = db.store;
    const [one, other] = await Promise.all([tenants.create({ name: '1' }), tenants.create({ name: '2' })]);
    await credentials.save(one.id, 'langgenius/openai/openai', { api_key: 'sk-1' });
    await credentials.save(one.id, 'openai', { api_key: 'sk-\0' });
    expect(await credentials.credentials(one.id, 'langgenius/openai/openai')).toEqual({ api_key: 'sk-\0' });
    expect(await credentials.providers(one.id)).toEqual(['openai']);
    expect(await credentials.credentials(other.id, 'openai')).toBeUndefined();
  });

  it('cannot be read with another secret key', async () => {
    const { id } = await db.store.tenants.create({ name: '3' });
    await db.store.credentials.save(id, 'anthropic', { api_key: 'sk' });
    const stranger = createStore({ databaseUrl: db.url, secretKey: 's'.repeat(32) });
    await expect(stranger.credentials.credentials(id, 'anthropic')).rejects.toThrow('another MILLRACE_SECRET_KEY');
    await stranger.close();
  });
});

describe('pending imports', () => {
  it('are taken once, in time, by their tenant', async () => {
    const { tenants, pendingImports } = db.store;
    const [{ id }, other] = await Promise.all([tenants.create({ name: '1' }), tenants.create({ name: '2' })]);
    const times = { nowMs: 1000, expiresAtMs: 2000 };
    const importId = await pendingImports.save(id, 'app:\0', times);
    expect(await pendingImports.take(other.id, importId, 1500)).toBeUndefined();
    expect(await pendingImports.take(id, 'nonsense', 1500)).toBeUndefined();
    const takers = await Promise.all([1, 2, 3].map(() => pendingImports.take(id, importId, 1500)));
    expect(takers.filter((payload) => payload !== undefined)).toEqual(['app:\0']);
    const late = await pendingImports.save(id, 'x', times);
    expect(await pendingImports.take(id, late, 2001)).toBeUndefined();
  });
});

import { createDatabase } from '@millrace/testing';
import pg from 'pg';
import { createStore, type Store } from './index.js';

const keyA = 'a'.repeat(32);
const keyB = 'b'.repeat(32);
const secretWorkflow = '{"environment_variables":[{"name":"KEY","value":"geheim","value_type":"secret"}]}';

let url: string;
let drop: () => Promise<void>;
const stores: Store[] = [];
const open = (secretKey: string, olderSecretKeys: string[] = []): Store => {
  const store = createStore({ databaseUrl: url, secretKey, olderSecretKeys, timeoutMs: 20_000 });
  stores.push(store);
  return store;
};

beforeEach(async () => {
  ({ url, drop } = await createDatabase());
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await drop();
});

async function sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A tenant with everything that is sealed. */
async function fill(store: Store, name: string, keys = 1) {
  const tenant = await store.tenants.create({ name });
  const app = await store.apps.create(tenant.id, { name });
  await store.credentials.save(tenant.id, 'openai', { api_key: `sk-${name}` });
  await store.credentials.save(tenant.id, 'anthropic', { api_key: `sk-2-${name}` });
  for (let i = 0; i < keys; i++) await store.appKeys.create(tenant.id, app.id);
  await store.versions.saveDraft(tenant.id, app.id, secretWorkflow);
  await store.versions.publish(tenant.id, app.id, { nowMs: Date.now() });
  const tokens = (await store.appKeys.list(tenant.id, app.id)).map(({ token }) => token);
  return { tenantId: tenant.id, appId: app.id, name, tokens };
}

async function expectReadable(store: Store, { tenantId, appId, name, tokens }: Awaited<ReturnType<typeof fill>>) {
  expect(await store.credentials.credentials(tenantId, 'openai')).toEqual({ api_key: `sk-${name}` });
  expect(await store.credentials.credentials(tenantId, 'anthropic')).toEqual({ api_key: `sk-2-${name}` });
  expect((await store.appKeys.list(tenantId, appId)).map(({ token }) => token)).toEqual(tokens);
  expect((await store.versions.published(tenantId, appId))?.workflow).toBe(secretWorkflow);
  expect((await store.versions.draft(tenantId, appId))?.workflow).toBe(secretWorkflow);
}

describe('the secret check', () => {
  it('takes the first key for the right one, and then no other', async () => {
    const states = await Promise.all([1, 2, 3].map(() => open(keyA).secretCheck.state()));
    expect(states).toEqual(['current', 'current', 'current']);
    expect(await open(keyB).secretCheck.state()).toBe('wrong');
    expect(await open(keyB, [keyA]).secretCheck.state()).toBe('older');
    expect(await open(keyA, [keyB]).secretCheck.state()).toBe('current');
    expect(await open(keyB).secretCheck.findings()).toMatchObject([
      {
        check: 'secret-key',
        problem: expect.stringContaining('MILLRACE_SECRET_KEY is not the key') as string,
        remedy: expect.any(String) as string,
      },
    ]);
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    [
      'credentials',
      async (store) => store.credentials.save((await store.tenants.create({ name: 'T' })).id, 'openai', {}),
    ],
    [
      'workflow',
      async (store) => {
        const { id } = await store.tenants.create({ name: 'T' });
        const app = await store.apps.create(id, { name: 'A' });
        await store.versions.saveDraft(id, app.id, secretWorkflow);
      },
    ],
  ])('knows the key of a database from before there was a check by its %s', async (_, seal) => {
    await seal(open(keyA));
    expect(await open(keyB).secretCheck.state()).toBe('wrong');
    expect(await sql('SELECT * FROM settings')).toEqual([]);
    expect(await open(keyA).secretCheck.state()).toBe('current');
  });
});

describe('a rotation', () => {
  it('seals everything anew, in batches; then the older key is needed no more', async () => {
    const old = open(keyA);
    await old.secretCheck.state();
    const filled = [await fill(old, 'one', 7), await fill(old, 'two')];
    await sql(`UPDATE workflow_versions SET updated_at = '2020-01-01'`);
    const next = open(keyB, [keyA]);
    for (const each of filled) await expectReadable(next, each);

    expect(await next.rotation.rotate({ batch: 2 })).toEqual([
      { table: 'provider_credentials', resealed: 4, unreadable: [] },
      { table: 'app_keys', resealed: 8, unreadable: [] },
      { table: 'workflow_versions', resealed: 4, unreadable: [] },
    ]);
    const alone = open(keyB);
    expect(await alone.secretCheck.state()).toBe('current');
    for (const each of filled) await expectReadable(alone, each);
    expect(await open(keyA).secretCheck.state()).toBe('wrong');
    await expect(open(keyA).credentials.credentials(filled[0]!.tenantId, 'openai')).rejects.toThrow(
      'another MILLRACE_SECRET_KEY',
    );
    // What was published when is no matter of keys.
    expect(await sql(`SELECT count(*)::int AS changed FROM workflow_versions WHERE updated_at > '2020-01-02'`)).toEqual(
      [{ changed: 0 }],
    );
  });

  it('does what is left when it is repeated, and nothing the third time (T2)', async () => {
    const old = open(keyA);
    const filled = await fill(old, 'one', 5);
    const next = open(keyB, [keyA]);
    // As if the first had been killed after some rows.
    const kept = await sql('SELECT id, sealed FROM app_keys ORDER BY id');
    await next.rotation.rotate();
    for (const { id, sealed } of kept.slice(2))
      await sql('UPDATE app_keys SET sealed = $2 WHERE id = $1', [id, sealed]);
    expect((await next.rotation.rotate()).map(({ resealed }) => resealed)).toEqual([0, 3, 0]);
    expect((await next.rotation.rotate()).map(({ resealed }) => resealed)).toEqual([0, 0, 0]);
    await expectReadable(open(keyB), filled);
  });

  it('leaves what somebody saves meanwhile as they wrote it (T1)', async () => {
    const old = open(keyA);
    const { tenantId } = await fill(old, 'one');
    const next = open(keyB, [keyA]);
    const saved: Promise<unknown>[] = [];
    for (let i = 0; i < 10; i++) {
      saved.push(old.credentials.save(tenantId, 'openai', { api_key: `new-${i}` }), next.rotation.rotate());
    }
    await Promise.all(saved);
    await old.credentials.save(tenantId, 'openai', { api_key: 'last' });
    expect(await next.credentials.credentials(tenantId, 'openai')).toEqual({ api_key: 'last' });
    await next.rotation.rotate();
    expect(await open(keyB).credentials.credentials(tenantId, 'openai')).toEqual({ api_key: 'last' });
  });

  it('names what no key opens, and keeps the check with the older key until the loss is accepted (T3)', async () => {
    const old = open(keyA);
    await old.secretCheck.state();
    const { tenantId } = await fill(old, 'one');
    const { tenantId: lost } = await fill(open('c'.repeat(32)), 'lost');
    const next = open(keyB, [keyA]);
    const [credentials] = await next.rotation.rotate();
    expect(credentials).toMatchObject({ resealed: 2, unreadable: [`${lost}/anthropic`, `${lost}/openai`] });
    expect(await next.secretCheck.state()).toBe('older');
    await next.rotation.rotate({ acceptLoss: true });
    const alone = open(keyB);
    expect(await alone.secretCheck.state()).toBe('current');
    expect(await alone.credentials.credentials(tenantId, 'openai')).toEqual({ api_key: 'sk-one' });
  });

  it('takes a new key although the old one is lost, when told to', async () => {
    await open(keyA).secretCheck.state();
    const stranger = open(keyB);
    expect(await stranger.secretCheck.state()).toBe('wrong');
    await stranger.rotation.rotate({ acceptLoss: true });
    expect(await stranger.secretCheck.state()).toBe('current');
  });
});

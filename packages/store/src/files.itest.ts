import { newId, type StoredFile } from '@millrace/contracts';
import { seedApp, startTestStore, type TestStore } from './testing/store.js';

let test: TestStore;
let owner: { tenantId: string; appId: string; endUserId: string };

beforeAll(async () => {
  test = await startTestStore();
  owner = { ...(await seedApp(test.store)), endUserId: newId() };
});
afterAll(() => test.close());

const dayMs = 86_400_000;
const nowMs = 1_790_000_000_123;

async function insert(change: Partial<StoredFile> = {}): Promise<StoredFile> {
  const file: StoredFile = {
    ...{ id: newId(), ...owner, origin: 'upload', name: 'a\0\ud800.txt', extension: 'txt' },
    ...{ mimeType: 'text/plain', size: 3_000_000_000, hash: 'ab', createdAtMs: nowMs },
    ...change,
  };
  await test.store.files.insert(file);
  return file;
}

it('gives files back as they were, to their owner only', async () => {
  const { files } = test.store;
  const [a, b] = [await insert(), await insert({ origin: 'tool' })];
  const found = await files.findOwned(owner, [b.id, a.id, newId(), 'no id']);
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining([a, b]));
  for (const part of ['tenantId', 'appId', 'endUserId']) {
    expect(await files.findOwned({ ...owner, [part]: newId() }, [a.id])).toEqual([]);
  }
  expect(await files.findOwned(owner, [])).toEqual([]);
  expect(await files.findForLink(a.id)).toEqual(a);
  expect(await files.findForLink(newId())).toBeUndefined();
  expect(await files.findForLink('no id')).toBeUndefined();
});

it('names what is past its time, and what belongs to no app any more', async () => {
  const { files } = test.store;
  const oldUpload = await insert({ createdAtMs: nowMs - 10 * dayMs });
  const oldTool = await insert({ createdAtMs: nowMs - 10 * dayMs, origin: 'tool' });
  const lost = await insert({ appId: newId() });
  const ids = async (limits: object): Promise<string[]> =>
    (await files.expired(limits, 100)).map(({ fileId }) => fileId).sort();
  const beforeMs = nowMs - 5 * dayMs;
  expect(await ids({})).toEqual([lost.id]);
  expect(await ids({ uploadsBeforeMs: beforeMs })).toEqual([lost.id, oldUpload.id].sort());
  expect(await ids({ toolFilesBeforeMs: beforeMs })).toEqual([lost.id, oldTool.id].sort());
  expect(await files.expired({ uploadsBeforeMs: beforeMs }, 1)).toHaveLength(1);
  expect(await files.expired({ toolFilesBeforeMs: beforeMs }, 100)).toContainEqual({
    tenantId: owner.tenantId,
    fileId: oldTool.id,
  });
  await files.forget([lost.id, oldUpload.id, oldTool.id]);
  expect(await ids({ uploadsBeforeMs: beforeMs, toolFilesBeforeMs: beforeMs })).toEqual([]);
});

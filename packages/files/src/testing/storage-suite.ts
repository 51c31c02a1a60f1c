import { randomUUID } from 'node:crypto';
import { FileError, type FileStorage, type OpenBlob } from '@millrace/contracts';

export interface StorageUnderTest {
  storage: FileStorage;
  /** How many blobs and drafts it holds at all, seen from behind. */
  count(): Promise<number>;
  close(): Promise<void>;
}

const newKey = () => ({ tenantId: randomUUID(), fileId: randomUUID() });

async function* pieces(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

async function readText(blob: OpenBlob | undefined, range?: { start: number; end: number }): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob!.read(range)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** What every implementation of `FileStorage` must do. */
export function storageSuite(name: string, start: () => Promise<StorageUnderTest>): void {
  describe(`FileStorage: ${name}`, () => {
    let subject: StorageUnderTest;
    let storage: FileStorage;
    beforeEach(async () => {
      subject = await start();
      ({ storage } = subject);
    });
    afterEach(() => subject.close());

    it('keeps what was committed, and tells its size and hash', async () => {
      const key = newKey();
      const staged = await storage.stage(key, pieces('ab', '', 'c'), 3);
      expect(staged).toMatchObject({
        size: 3,
        hash: '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532',
      });
      expect(await storage.open(key)).toBeUndefined();
      await staged.commit();
      const blob = await storage.open(key);
      expect(blob?.size).toBe(3);
      expect(await readText(blob)).toBe('abc');
      expect(await readText(blob, { start: 1, end: 1 })).toBe('b');
    });

    it('keeps an empty blob', async () => {
      const key = newKey();
      await (await storage.stage(key, pieces(), 10)).commit();
      const blob = await storage.open(key);
      expect(blob?.size).toBe(0);
      expect(await readText(blob)).toBe('');
    });

    it.each<[string, (string | Error)[], object]>([
      ['is too large', ['abc', 'd'], { kind: 'too-large' }],
      ['breaks off', ['abc', new Error('gone')], { message: 'gone' }],
    ])('leaves nothing of content that %s', async (_, parts, error) => {
      const key = newKey();
      await expect(storage.stage(key, pieces(...parts), 3)).rejects.toMatchObject(error);
      expect(await storage.open(key)).toBeUndefined();
      expect(await subject.count()).toBe(0);
    });

    it('raises its own error class for a size', async () => {
      await expect(storage.stage(newKey(), pieces('ab'), 1)).rejects.toThrow(FileError);
    });

    it('forgets what is discarded or removed', async () => {
      const key = newKey();
      await (await storage.stage(key, pieces('a'), 1)).discard();
      expect(await storage.open(key)).toBeUndefined();
      await (await storage.stage(key, pieces('a'), 1)).commit();
      await storage.remove(key);
      await storage.remove(key);
      expect(await storage.open(key)).toBeUndefined();
      expect(await subject.count()).toBe(0);
    });

    it('keeps tenants apart', async () => {
      const key = newKey();
      await (await storage.stage(key, pieces('a'), 1)).commit();
      expect(await storage.open({ ...key, tenantId: randomUUID() })).toBeUndefined();
    });

    it.each(['..', '../../etc/passwd', '', 'a/b', `${randomUUID()}/..`])('takes no %j as a name', async (name) => {
      for (const key of [
        { tenantId: name, fileId: randomUUID() },
        { tenantId: randomUUID(), fileId: name },
      ]) {
        await expect(storage.open(key)).rejects.toThrow(TypeError);
        await expect(storage.remove(key)).rejects.toThrow(TypeError);
        await expect(storage.stage(key, pieces('a'), 1)).rejects.toThrow(TypeError);
      }
    });

    it('sweeps drafts of writers that died, and only those', async () => {
      const key = newKey();
      await (await storage.stage(key, pieces('a'), 1)).commit();
      await storage.stage(newKey(), pieces('b'), 1);
      expect(await storage.sweep(Date.now() - 60_000)).toBe(0);
      expect(await subject.count()).toBe(2);
      expect(await storage.sweep(Date.now() + 60_000)).toBe(1);
      expect(await readText(await storage.open(key))).toBe('a');
      expect(await subject.count()).toBe(1);
    });
  });
}

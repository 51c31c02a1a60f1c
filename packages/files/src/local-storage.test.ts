import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalStorage } from './local-storage.js';
import { storageSuite } from './testing/storage-suite.js';

storageSuite('local directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-storage-'));
  const count = async (): Promise<number> => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length;
  };
  return { storage: createLocalStorage(directory), count, close: () => rm(directory, { recursive: true }) };
});

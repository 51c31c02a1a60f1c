import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prelude } from '../python/prelude.js';

const prefix = 'python-';
const suffix = '.snapshot';

/** The file for the snapshot of this Python with these libraries; another Python has another name. */
export function snapshotFile(cacheDir: string, parts: readonly string[]): string {
  const hash = createHash('sha256').update(prelude);
  for (const file of parts) hash.update(`\0${file}\0`).update(readFileSync(file));
  return join(cacheDir, `${prefix}${hash.digest('hex').slice(0, 32)}${suffix}`);
}

/** Wheels in the operator's folder, in the order of their names. @throws when the folder cannot be read */
export function listWheels(packagesDir: string): string[] {
  return readdirSync(packagesDir)
    .filter((name) => name.endsWith('.whl'))
    .sort()
    .map((name) => join(packagesDir, name))
    .filter((file) => statSync(file).isFile());
}

/** Keeps a snapshot, whole or not at all, and removes those of other Pythons. */
export function keepSnapshot(file: string, bytes: Uint8Array): void {
  const folder = join(file, '..');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, bytes, { mode: 0o600 });
  renameSync(draft, file);
  for (const name of readdirSync(folder)) {
    const other = join(folder, name);
    if (name.startsWith(prefix) && name.endsWith(suffix) && other !== file) rmSync(other, { force: true });
  }
}

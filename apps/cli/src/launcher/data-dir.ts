import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from '@millrace/embedded';

/** A data directory that this process alone uses, until `release`. */
export interface DataDir {
  readonly path: string;
  readonly logs: string;
  /** Reads a JSON file of the directory; `undefined` when there is none. */
  read(name: string): Promise<unknown>;
  /** Replaces a JSON file of the directory at once, readable by its owner only. */
  write(name: string, value: unknown): Promise<void>;
  release(): Promise<void>;
}

interface Owner {
  pid: number;
  identity: string | undefined;
}

/** Takes the directory, creating it if needed. @throws when a live launcher has it */
export async function takeDataDir(path: string): Promise<DataDir> {
  const logs = join(path, 'logs');
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const lock = join(path, 'launcher.lock');
  await takeLock(lock, path);
  return {
    path,
    logs,
    read: (name) => readJson(join(path, name)),
    async write(name, value) {
      const file = join(path, name);
      await writeFile(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    release: () => rm(lock, { force: true }),
  };
}

async function takeLock(lock: string, path: string): Promise<void> {
  const own: Owner = { pid: process.pid, identity: processIdentity(process.pid) };
  const draft = `${lock}.${process.pid}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    // A link appears at once with its content, and only if nobody else has the name.
    while (!(await linked(draft, lock))) {
      const owner = (await readJson(lock)) as Owner | undefined;
      if (owner && processIdentity(owner.pid) === owner.identity) {
        throw new Error(
          `Millrace already runs on the data directory ${path} (process ${owner.pid}). ` +
            'Stop it first, or choose another MILLRACE_DATA_DIR and PORT.',
        );
      }
      await rm(lock, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file} is damaged`, { cause: error });
  }
}

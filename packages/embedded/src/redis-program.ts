import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { aptInstall, has, run } from './apt.js';
import { searchPath, wholeEnv } from './env.js';

/** An executable `redis-server` of a usable version. */
export interface RedisProgram {
  command: string;
  /** Extra environment, for a copy that brings its own libraries. */
  env: Record<string, string>;
  version: string;
}

const needed = 'Millrace needs Redis 7.0 or later';

/**
 * Finds `redis-server` on PATH or an earlier private copy in `dir`, else installs it: with apt as root
 * or through `sudo -n`, as a private copy of the apt packages otherwise, with brew on macOS.
 * @param log is told in one line what is being installed. @throws one message that names what to install.
 */
export async function provideRedis(dir: string, log: (line: string) => void): Promise<RedisProgram> {
  const privateDir = join(dir, 'redis-program');
  const found = onPath() ?? privateCopy(privateDir);
  if (found) return checked(found);
  if (process.platform === 'linux' && has('apt-get')) {
    aptInstall('Redis', ['redis-server'], log);
    const installed = onPath() ?? (await aptUnpack(privateDir, log));
    if (installed) return checked(installed);
  }
  if (process.platform === 'darwin' && has('brew')) {
    log('Installing Redis with brew.');
    run('brew', ['install', 'redis']);
    const installed = onPath();
    if (installed) return checked(installed);
  }
  throw new Error(
    `${needed}, and redis-server was not found and could not be installed. ` +
      'Install the package "redis-server" (Debian, Ubuntu) or "redis" (others), or set REDIS_URL to a running Redis.',
  );
}

function checked(program: RedisProgram): RedisProgram {
  if (Number.parseInt(program.version, 10) >= 7) return program;
  throw new Error(`${needed}, but ${program.command} is ${program.version}. Install a newer one or set REDIS_URL.`);
}

/** Common places beside PATH, which services and cron jobs get in a short form. */
function onPath(): RedisProgram | undefined {
  const dirs = [...searchPath().split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
  for (const dir of new Set(dirs)) {
    const program = dir === '' ? undefined : probe(join(dir, 'redis-server'), {});
    if (program) return program;
  }
  return undefined;
}

function privateCopy(dir: string): RedisProgram | undefined {
  const triplet = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const libraries = [`usr/lib/${triplet}-linux-gnu`, `lib/${triplet}-linux-gnu`, 'usr/lib', 'lib'];
  const env = { LD_LIBRARY_PATH: libraries.map((path) => join(dir, path)).join(':') };
  return probe(join(dir, 'usr/bin/redis-server'), env);
}

function probe(command: string, env: Record<string, string>): RedisProgram | undefined {
  if (!existsSync(command)) return undefined;
  const { stdout, status } = spawnSync(command, ['--version'], { env: { ...wholeEnv(), ...env }, encoding: 'utf8' });
  const version = /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  return status === 0 && version ? { command, env, version } : undefined;
}

/** Without root: the packages, and the libraries they need and the system lacks, unpacked into `dir`. */
async function aptUnpack(dir: string, log: (line: string) => void): Promise<RedisProgram | undefined> {
  if (!has('dpkg')) return undefined;
  log('Installing a private copy of Redis from the apt packages.');
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, 'lists', 'partial'), { recursive: true });
  // The system's package lists may be missing (slim images); then a private copy of them does.
  const privateLists = ['-o', `Dir::State::Lists=${dir}/lists`, '-o', `Dir::Cache=${dir}/cache`];
  for (const options of [[], [...privateLists, '-o', 'Debug::NoLocking=true']]) {
    if (options.length > 0) run('apt-get', [...options, 'update'], dir);
    const names = ['redis-server', 'redis-tools'];
    const packages = new Set([...names, ...missingDependencies(names, options)]);
    if (run('apt-get', [...options, 'download', ...packages], dir)) break;
  }
  for (const file of await readdir(dir)) {
    if (file.endsWith('.deb')) run('dpkg', ['-x', file, '.'], dir);
  }
  return privateCopy(dir);
}

function missingDependencies(names: string[], options: string[]): string[] {
  const quiet = ['--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces'];
  const shown = spawnSync('apt-cache', [...options, 'depends', ...quiet, ...names], { encoding: 'utf8' });
  const found = [...shown.stdout.matchAll(/^\s+\|?Depends: ([a-z0-9][a-z0-9+.-]*)$/gm)].map((match) => match[1] ?? '');
  return found.filter((name) => !isInstalled(name));
}

function isInstalled(name: string): boolean {
  const shown = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
  return shown.stdout.trim() === 'installed';
}

// What every script needs first: installed dependencies and the right Node. Runs on Node 20.19
// without node_modules, so nothing here is imported from a package.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const oldest = { boot: [20, 19], run: [22, 19] };

/** Environment of all children: pinned tools first, and nobody calls home. */
export const toolEnv = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH}`,
  CHECKPOINT_DISABLE: '1',
  TURBO_TELEMETRY_DISABLED: '1',
};

/** Installs dependencies if needed and answers which Node to run everything with. */
export function prepareToolchain() {
  if (!isAtLeast(process.versions.node, oldest.boot)) {
    stop(`Millrace needs Node.js 20.19 or later to start with; this is ${process.versions.node}.`);
  }
  installDependencies();
  return chooseNode();
}

function installDependencies() {
  if (matchesLockFile()) return;
  say('Installing dependencies (npm ci).');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Standard output belongs to the commands' results.
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) stop('npm ci failed; its output is above.');
}

/** Whether node_modules holds exactly what package-lock.json says; optional packages may be missing. */
function matchesLockFile() {
  const installed = readPackages(join('node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.entries(readPackages('package-lock.json')).every(([path, wanted]) => {
    if (!path.includes('node_modules/') || wanted.link) return true;
    const found = installed[path];
    return found ? found.version === wanted.version : wanted.optional === true || wanted.devOptional === true;
  });
}

function readPackages(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

/** The pinned Node from npm, else this one, else one found on PATH. */
function chooseNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const onPath = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name));
  const candidates = [join(bin, name), process.execPath, ...onPath];
  const found = candidates.find((file) => existsSync(file) && isAtLeast(versionOf(file), oldest.run));
  if (found) return found;
  return stop(
    `Millrace runs on Node.js 22.19 or later, and npm has no pinned one for ${process.platform}-${process.arch}. ` +
      'Install a newer Node.js and put it on PATH.',
  );
}

function versionOf(file) {
  if (file === process.execPath) return process.versions.node;
  return spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout?.trim().slice(1) ?? '0.0.0';
}

function isAtLeast(version, [major, minor]) {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Runs a command of the toolchain to its end; its output goes to standard error. Ends this process if it fails. */
export function runOrStop(command, args, { env = toolEnv, stdout = process.stderr } = {}) {
  const done = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', stdout, process.stderr] });
  if (done.error) stop(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/**
 * Runs a command in this process's place: same streams, same exit, signals passed on. The command has an
 * IPC channel, so that it notices when this process is killed. Under npm it also ends when npm is gone:
 * the shell between them does not always pass signals on.
 */
export function runInPlace(command, args, env = toolEnv) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => stop(`${command} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(line) {
  say(line);
  process.exit(1);
}

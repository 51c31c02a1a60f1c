import { spawnSync } from 'node:child_process';

/** Runs a program to its end and answers whether it did well. */
export const run = (command: string, args: string[], cwd = '/'): boolean =>
  spawnSync(command, args, { stdio: 'ignore', cwd }).status === 0;

export const has = (command: string): boolean => run('sh', ['-c', `command -v ${command}`]);

/**
 * Installs Debian packages, as root or as somebody whom sudo asks no password; no service is started.
 * @param name what the log calls it @returns whether it is installed; `false` at once where nobody may
 */
export function aptInstall(name: string, packages: string[], log: (line: string) => void): boolean {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (process.platform !== 'linux' || !has('apt-get')) return false;
  if (asRoot.length > 0 && !(has('sudo') && run('sudo', ['-n', 'true']))) return false;
  log(`Installing ${name} with apt-get.`);
  const apt = (...args: string[]): boolean => {
    // RUNLEVEL=1 asks the package not to start a server of its own.
    const words = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', ...args];
    return run(words[0] ?? '', words.slice(1));
  };
  const install = (): boolean => apt('install', '-y', '--no-install-recommends', ...packages);
  return install() || (apt('update') && install());
}

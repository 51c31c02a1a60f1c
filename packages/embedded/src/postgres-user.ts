import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How to run PostgreSQL's programs: they refuse to run as root, so root lends them another user. */
export interface PostgresUser {
  uid?: number;
  gid?: number;
  /** Words in front of the command. */
  prefix: string[];
}

/**
 * The user for PostgreSQL's programs; an ordinary user stays who they are.
 *
 * Root's files often lie where no other user may go (`/root`, a directory of `mktemp -d`). There the
 * other user gets one capability, which lets it pass directories: reading if possible, else overriding.
 * @param program a binary that must be executable, @param dir a directory that must be enterable
 * @throws when no way is found, with what to do.
 */
export function choosePostgresUser(program: string, dir: string): PostgresUser {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const user = accountIds('postgres') ?? accountIds('nobody');
  if (!user) throw new Error('PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" to lend.');
  const candidates: PostgresUser[] = [
    { ...user, prefix: [] },
    ...['dac_read_search', 'dac_override'].map((capability) => ({ prefix: withCapability(user, capability) })),
  ];
  const found = candidates.find(
    (candidate) => works(candidate, [program, '--version']) && works(candidate, ['test', '-e', `${dir}/.`]),
  );
  if (found) return found;
  throw new Error(
    `PostgreSQL refuses to run as root, and the user lent to it may not enter ${dir} or run ${program}. ` +
      'Work as an ordinary user, or put the checkout and MILLRACE_DATA_DIR where every user may enter.',
  );
}

function withCapability(user: { uid: number; gid: number }, capability: string): string[] {
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const grant = [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
  // `env` in between: the capability counts only after a program has been started with it.
  return ['setpriv', ...ids, ...grant, 'env'];
}

function works({ uid, gid, prefix }: PostgresUser, words: string[]): boolean {
  const [command = '', ...args] = [...prefix, ...words];
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid };
  return spawnSync(command, args, { ...ids, cwd: '/', stdio: 'ignore' }).status === 0;
}

function accountIds(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

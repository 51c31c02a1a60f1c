import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NamespaceReport } from './testing/namespace-main.js';

const program = fileURLToPath(new URL('testing/namespace-main.js', import.meta.url));
const enter = ['unshare', '--map-root-user', '--net'] as const;

/** Why there can be no namespace here, if so. */
function obstacle(): string | undefined {
  const [command, ...args] = enter;
  const { status, error } = spawnSync(command, [...args, 'ip', 'link', 'set', 'lo', 'up']);
  return status === 0 ? undefined : `no network namespace on this machine (${error?.message ?? 'not permitted'})`;
}

const reason = obstacle();
const inNamespace = reason === undefined ? it : it.skip;

inNamespace(`nothing inside is reached where everything inside answers${reason ? `: ${reason}` : ''}`, () => {
  const [command, ...args] = enter;
  const run = spawnSync(command, [...args, process.execPath, program], { encoding: 'utf8', timeout: 25_000 });
  expect(run.stderr).toBe('');
  const report = JSON.parse(run.stdout) as NamespaceReport;
  // The proof can fail: these places answer, and the client reaches what is public.
  expect(report.answering).toEqual(expect.arrayContaining(['127.0.0.1', '10.0.0.1', '169.254.169.254']));
  expect(report.reached).toContain('8.8.8.8');
  expect(report).toMatchObject({ notRefused: [], connections: 0 });
});

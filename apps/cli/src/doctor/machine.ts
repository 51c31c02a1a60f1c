import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CodeLanguage } from '@millrace/contracts';
import { canListen } from '@millrace/embedded';
import { createCodeRunner } from '@millrace/sandbox';
import { failed, ok, skipped, warning, type Outcome } from './outcome.js';
import type { Setup } from './setup.js';

const mib = 1024 ** 2;

export async function checkPort({ host, port }: Setup): Promise<Outcome[]> {
  if (port === 0 || (await canListen(port, host)))
    return [ok('port', `Port ${port} of ${host} is free for a gateway.`)];
  if (await isMillrace(`http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`)) {
    return [ok('port', `A gateway of Millrace listens at port ${port}.`)];
  }
  const remedy = `End it ("lsof -i :${port}" names it), or choose another PORT.`;
  return [failed('port', `Port ${port} of ${host} is taken by another program, or may not be used.`, remedy)];
}

async function isMillrace(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()).includes('"live"');
  } catch {
    return false; // whatever it is, it is no gateway
  }
}

/** The admin key, asked of a gateway when one answers. */
export async function checkAdminKey({ adminKey, url, embedded }: Setup): Promise<Outcome[]> {
  if (adminKey === undefined) {
    if (embedded) return [skipped('admin key', 'MILLRACE_ADMIN_KEY is not set: "npm start" makes one.')];
    const remedy = 'Set it for the gateways: at least 16 characters, such as from "openssl rand -hex 24".';
    return [failed('admin key', 'MILLRACE_ADMIN_KEY is not set.', remedy)];
  }
  let status: number;
  let body: string;
  try {
    const answer = await fetch(`${url}/console/api/tenants`, {
      headers: { authorization: `Bearer ${adminKey}` },
      signal: AbortSignal.timeout(5_000),
    });
    body = await answer.text();
    ({ status } = answer);
  } catch {
    return [skipped('admin key', `It is set; no gateway answers at ${url} to try it.`)];
  }
  if (status === 200 && !body.startsWith('{"data":')) {
    const remedy = 'Set MILLRACE_URL to the address of a gateway.';
    return [failed('admin key', `What answers at ${url} is no gateway of Millrace.`, remedy)];
  }
  if (status === 200) return [ok('admin key', `The gateway at ${url} takes it.`)];
  if (status === 401)
    return [
      failed(
        'admin key',
        `The gateway at ${url} does not take MILLRACE_ADMIN_KEY.`,
        'Set the key that the gateway was started with.',
      ),
    ];
  return [skipped('admin key', `The gateway at ${url} could not try it (status ${status}).`)];
}

export async function checkDataDir({ dataDir }: Setup): Promise<Outcome[]> {
  const place = await nearest(dataDir);
  try {
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [
      failed(
        'data directory',
        `${place} may not be written to.`,
        'Give it to the user that Millrace runs as, or choose another MILLRACE_DATA_DIR.',
      ),
    ];
  }
  const { bavail, bsize } = await statfs(place);
  const free = Math.floor((bavail * bsize) / mib);
  const remedy = 'Make room, or choose another MILLRACE_DATA_DIR.';
  const room = `${free} MiB are free.`;
  return [
    ok('data directory', place === dataDir ? `${dataDir} can be written to.` : `${dataDir} will be made.`),
    free < 256 ? failed('disk', room, remedy) : free < 2048 ? warning('disk', room, remedy) : ok('disk', room),
  ];
}

/** The path itself, or what is there of it. */
async function nearest(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    return dirname(path) === path ? path : nearest(dirname(path));
  }
}

const programs: [CodeLanguage, string][] = [
  ['python3', 'def main(a: int) -> dict:\n    return {"result": a + 1}'],
  ['javascript', 'function main({ a }) { return { result: a + 1 } }'],
];

/** Runs a line of each language as a code node would. */
export async function checkSandbox({ dataDir }: Setup): Promise<Outcome[]> {
  const errors: string[] = [];
  const snapshots = join(dataDir, 'code');
  const runner = createCodeRunner({
    ...{ timeLimitMs: 60_000, interpreters: { python3: 1, javascript: 1 }, spares: 0 },
    // Only used when it is there: a look leaves nothing behind.
    ...((await nearest(snapshots)) === snapshots ? { cacheDir: snapshots } : {}),
    onError: (error) => errors.push(error.message),
  });
  try {
    const outcomes: Outcome[] = [];
    for (const [language, code] of programs) {
      const began = performance.now();
      const result = await runner.run({
        tenantId: 'doctor',
        language,
        code,
        inputs: '{"a":1}',
        signal: AbortSignal.timeout(90_000),
      });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const worked = result.status === 'returned' && (JSON.parse(result.value) as { result?: unknown }).result === 2;
      const why = result.status === 'failed' ? result.error : result.value;
      outcomes.push(
        worked
          ? ok(`sandbox ${language}`, `Code runs (${seconds} s with the start).`)
          : failed(
              `sandbox ${language}`,
              `Code does not run: ${[why, ...errors].join('; ')}.`,
              'Run "npm ci" and "npm run build" anew; the machine needs 1 GiB of free memory.',
            ),
      );
    }
    return outcomes;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      failed('sandbox', `Code does not run: ${[why, ...errors].join('; ')}.`, 'Run "npm ci" and "npm run build" anew.'),
    ];
  } finally {
    await runner.close();
  }
}

// Starts what an image holds as an image does: as user 1000 in a tree that nobody can write to, with a data directory and
// /tmp only; then runs the samples that need no model. `node infra/check-image.mjs FOLDER` with FOLDER/bin/node and FOLDER/app.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres, startRedis } from '../packages/testing/dist/index.js';

const image = process.argv[2];
const data = mkdtempSync(join(tmpdir(), 'millrace-image-'));
const isRoot = process.getuid() === 0;
if (isRoot) chownSync(data, 1000, 1000);
const [postgres, redis] = await Promise.all([startPostgres(), startRedis({ aof: true })]);
const keys = { MILLRACE_ADMIN_KEY: 'image-check-admin-key', MILLRACE_SECRET_KEY: 'image-check-secret-key-0123456789' };
const stores = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };

const asUser = isRoot ? ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', '--no-new-privs'] : [];
const words = (entry) => [...asUser, join(image, 'bin/node'), entry];
const options = (env) => ({
  cwd: join(image, 'app'),
  env: { PATH: '/usr/bin:/bin', NODE_ENV: 'production', MILLRACE_DATA_DIR: data, HOST: '127.0.0.1', ...stores, ...env },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const children = [];
const start = async (name, env = {}) => {
  const port = await freePort();
  const [command, ...args] = words(`apps/${name}/dist/main.js`);
  const child = spawn(command, args, options({ PORT: String(port), LOG_LEVEL: 'warn', ...keys, ...env }));
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ name, code, signal })));
  children.push({ child, exit });
  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + 300_000;
  while (
    !(await fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (Date.now() > until || child.exitCode !== null) throw new Error(`${name} does not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return url;
};

try {
  if (isRoot) {
    const write = spawnSync(asUser[0], [...asUser.slice(1), 'touch', join(image, 'app/x')], { stdio: 'ignore' });
    if (write.status === 0) throw new Error('the tree can be written to');
  }
  for (const time of ['first', 'second']) {
    const [command, ...args] = words('packages/store/dist/migrate-main.js');
    if (spawnSync(command, args, options({})).status !== 0) throw new Error(`migrating failed the ${time} time`);
  }
  const [url] = await Promise.all([
    start('gateway'),
    start('worker', { CODE_CACHE_DIR: join(data, 'code'), OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' }),
    start('recorder'),
  ]);
  await runSamples(url);
  for (const { child } of children) child.kill('SIGTERM');
  for (const exit of await Promise.all(children.map((each) => each.exit))) {
    if (exit.code !== 0) throw new Error(`${exit.name} ended with ${exit.code ?? exit.signal}`);
  }
} finally {
  for (const { child } of children) child.kill('SIGKILL');
  await Promise.all([postgres.close(), redis.close()]);
  rmSync(data, { recursive: true, force: true });
}

async function runSamples(url) {
  const samples = join(image, 'app/samples');
  for (const file of readdirSync(samples).filter((name) => name.endsWith('.yml'))) {
    const example = JSON.parse(readFileSync(join(samples, file.replace('.yml', '.example.json')), 'utf8'));
    if (example.needs.length > 0) continue;
    const yaml = readFileSync(join(samples, file), 'utf8');
    const { app_id: appId } = await post(url, 'console/api/apps/imports', { mode: 'yaml-content', yaml_content: yaml });
    await post(url, `console/api/apps/${appId}/workflows/publish`, {});
    const { token } = await post(url, `console/api/apps/${appId}/api-keys`, {});
    const { data } = await post(url, 'v1/workflows/run', { user: 'check', inputs: example.exampleInputs }, token);
    const run = await ended(url, data, token);
    // One sample shows what happens when its HTTP call fails, as it does without a network.
    if (!['succeeded', 'partial-succeeded'].includes(run.status))
      throw new Error(`${file}: ${run.status} ${run.error}`);
    console.log(`${file}: ${run.status}`);
  }
}

/** A run that outlasted the deadline of its call goes on. */
async function ended(url, run, token) {
  for (const until = Date.now() + 300_000; run.status === 'running' && Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await fetch(`${url}/v1/workflows/run/${run.id}`, { headers: { authorization: `Bearer ${token}` } });
    run = await answer.json();
  }
  return run;
}

async function post(url, path, body, key = keys.MILLRACE_ADMIN_KEY) {
  const answer = await fetch(`${url}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

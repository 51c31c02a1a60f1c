// Writes docs/configuration.md from the schemas that the processes read (after `npm run build`).
// With --check it only says whether the page is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from '../packages/config/dist/index.js';
import { gatewayEnv } from '../apps/gateway/dist/env.js';
import { recorderEnv } from '../apps/recorder/dist/env.js';
import { workerEnv } from '../apps/worker/dist/env.js';
import { clientEnvSlice, launcherEnvSlice } from '../apps/cli/dist/env.js';

const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const page = configurationPage([
  { process: 'gateway', slice: gatewayEnv },
  { process: 'worker', slice: workerEnv },
  { process: 'recorder', slice: recorderEnv },
  { process: 'npm start', slice: launcherEnvSlice },
  { process: 'millrace', slice: clientEnvSlice },
]);
const wanted = await format(page, { ...(await resolveConfig(file)), filepath: file });
const found = await readFile(file, 'utf8').catch(() => '');

if (found === wanted) process.stdout.write('docs/configuration.md is up to date.\n');
else if (process.argv.includes('--check')) {
  process.stderr.write('docs/configuration.md is stale. Run: npm run docs:configuration\n');
  process.exitCode = 1;
} else {
  await writeFile(file, wanted);
  process.stdout.write('docs/configuration.md is written anew.\n');
}

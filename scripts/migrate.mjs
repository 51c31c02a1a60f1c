// npm run migrate: applies prisma/migrations to DATABASE_URL.
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

if (!process.env.DATABASE_URL?.trim()) {
  process.stderr.write('DATABASE_URL is not set, for example postgresql://user:password@127.0.0.1:5432/millrace\n');
  process.exit(1);
}
const entry = fileURLToPath(new URL('../packages/store/dist/migrate-main.js', import.meta.url));
if (!existsSync(entry)) {
  process.stderr.write('Not built yet: run `npm run build` first\n');
  process.exit(1);
}
// npm puts node_modules/.bin first on PATH, and with it the pinned Node.
const { status, error } = spawnSync('node', [entry], { stdio: 'inherit' });
if (error) process.stderr.write(`node could not be started: ${error.message}\n`);
process.exit(status ?? 1);

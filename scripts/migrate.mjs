// Applies prisma/migrations to DATABASE_URL. `npm run migrate`
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll } from './compile.mjs';
import { prepareToolchain, root, runInPlace } from './toolchain.mjs';

if (!process.env.DATABASE_URL?.trim()) {
  process.stderr.write('DATABASE_URL is not set, for example postgresql://user:password@127.0.0.1:5432/millrace\n');
  process.exit(1);
}
const entry = 'packages/store/dist/migrate-main.js';
const node = prepareToolchain();
if (!existsSync(join(root, entry))) buildAll(node);
runInPlace(node, [entry]);

// Generates the Prisma client into src/generated. Called by the root build before `tsc -b`;
// does nothing while the schema and Prisma's version are the ones it was generated from.
//   node packages/store/scripts/generate.mjs [--force]
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const schemaPath = join(packageRoot, '../../prisma/schema.prisma');
const output = join(packageRoot, 'src/generated');
const stamp = join(output, '.schema-sha256');

const prismaManifest = createRequire(import.meta.url).resolve('prisma/package.json');
const prisma = JSON.parse(readFileSync(prismaManifest, 'utf8'));
const wanted = createHash('sha256').update(prisma.version).update(readFileSync(schemaPath)).digest('hex');
const current = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';

if (current !== wanted || process.argv.includes('--force')) {
  rmSync(output, { recursive: true, force: true });
  const result = spawnSync(
    process.execPath,
    [join(dirname(prismaManifest), prisma.bin.prisma), 'generate', '--schema', schemaPath, '--no-hints'],
    {
      encoding: 'utf8',
      cwd: packageRoot,
      env: {
        ...process.env,
        // Generating needs no engine, but Prisma insists on having one and would download it:
        // any existing file satisfies it, so generating needs no network.
        PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
        CHECKPOINT_DISABLE: '1',
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
      },
    },
  );
  if (result.status !== 0) {
    process.stderr.write(result.stdout + result.stderr);
    process.stderr.write('prisma generate failed; see the output above\n');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

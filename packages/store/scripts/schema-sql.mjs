// Prints SQL through Prisma's schema engine, without any download and without changing a database:
//   DATABASE_URL=… node packages/store/scripts/schema-sql.mjs                    whole prisma/schema.prisma
//   DATABASE_URL=… node packages/store/scripts/schema-sql.mjs old/schema.prisma  from an older schema file to it
// The second is the first draft of a new migration; the drift test uses the first.
// The engine insists on a database to ask for its version.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

const url = process.env.DATABASE_URL;
if (!url) {
  process.stderr.write('DATABASE_URL is not set: name any PostgreSQL database\n');
  process.exit(1);
}

// The package's own entry imports its .wasm as an ES module, which Node does only behind a flag.
const bindingsPath = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
const { instance } = await WebAssembly.instantiate(readFileSync(bindingsPath.replace(/\.js$/, '.wasm')), {
  './schema_engine_bg.js': bindings,
});
bindings.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const datamodel = (path) => ({ tag: 'schemaDatamodel', files: [{ path, content: readFileSync(path, 'utf8') }] });
const [older] = process.argv.slice(2);
const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(url));
const engine = await bindings.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);
const { stdout } = await engine.diff({
  from: older ? datamodel(older) : { tag: 'empty' },
  to: datamodel(fileURLToPath(new URL('../../../prisma/schema.prisma', import.meta.url))),
  script: true,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
process.stdout.write(stdout ?? '', () => process.exit(0));

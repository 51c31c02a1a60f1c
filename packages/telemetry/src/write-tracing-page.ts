/** Makes the tables of `docs/tracing.md` anew: `npm run docs:tracing -w @millrace/telemetry`. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTables } from './tracing-page.js';

const page = new URL('../../../docs/tracing.md', import.meta.url);
await writeFile(page, withTables(await readFile(page, 'utf8')));

// Makes the tables of docs/telemetry.md anew from the catalogues in packages/telemetry (after `npm run build`).
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from '../packages/telemetry/dist/index.js';

const page = new URL('../docs/telemetry.md', import.meta.url);
writeFileSync(page, withTables(readFileSync(page, 'utf8')));

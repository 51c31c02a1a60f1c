// Writes docs/metrics.md from the catalogue in packages/telemetry. `node scripts/metrics-page.mjs`, after a build
import { writeFileSync } from 'node:fs';
import { metricsPage } from '../packages/telemetry/dist/index.js';

writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsPage());

// Writes dashboards/*.json from dashboards.mjs. `node infra/grafana/build.mjs`
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { dashboards } from './dashboards.mjs';

for (const [name, dashboard] of Object.entries(dashboards)) {
  const json = await format(JSON.stringify(dashboard), { parser: 'json', printWidth: 120 });
  writeFileSync(new URL(`dashboards/${name}.json`, import.meta.url), json);
}

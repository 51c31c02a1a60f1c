import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ConsoleApi } from '../api/console-api.js';
import { ApiRefusal } from '../api/reach.js';
import type { ApiKey } from '../api/shapes.js';
import type { DataDir } from './data-dir.js';

const samplesDir = fileURLToPath(new URL('../../../../samples/', import.meta.url));
const stateFile = 'samples.json';

/** Beside each workflow file: what shows it off. */
const exampleFile = z.object({
  name: z.string(),
  exampleInputs: z.record(z.string(), z.unknown()),
  /** What it lacks on a bare machine, such as `model`. */
  needs: z.array(z.string()),
});

/** Database → sample → its app and the key that the ready line shows. */
const known = z.object({ appId: z.string(), keyId: z.string().optional() });
type Known = z.infer<typeof known>;
const stateSchema = z.record(z.string(), z.record(z.string(), known));

/** An app of the ready line. */
export interface SampleApp extends z.infer<typeof exampleFile> {
  appId: string;
  apiKey: string;
}

/**
 * Imports and publishes the samples that this database does not have yet, and answers all with their keys.
 * A sample whose app was deleted stays deleted.
 * @param database names the database: another one gets samples of its own
 */
export async function provideSamples(api: ConsoleApi, dataDir: DataDir, database: string): Promise<SampleApp[]> {
  const state = stateSchema.parse((await dataDir.read(stateFile)) ?? {});
  const samples = (state[database] ??= {});
  const apps: SampleApp[] = [];
  for (const file of (await readdir(samplesDir)).filter((name) => name.endsWith('.yml')).sort()) {
    const sample = basename(file, '.yml');
    const example = exampleFile.parse(JSON.parse(await readFile(join(samplesDir, `${sample}.example.json`), 'utf8')));
    const remember = async (value: Known) => {
      samples[sample] = value;
      await dataDir.write(stateFile, state);
      return value;
    };
    const yaml = () => readFile(join(samplesDir, file), 'utf8');
    const app = samples[sample] ?? (await remember({ appId: await importSample(api, sample, await yaml()) }));
    const key = await keyOf(api, app);
    if (!key) continue;
    if (key.id !== app.keyId) await remember({ appId: app.appId, keyId: key.id });
    apps.push({ ...example, appId: app.appId, apiKey: key.token });
  }
  return apps;
}

async function importSample(api: ConsoleApi, sample: string, yaml: string): Promise<string> {
  const result = await api.importApp(yaml);
  if (!result.app_id) throw new Error(`The sample ${sample} was not imported: ${result.error}`);
  await api.publish(result.app_id);
  return result.app_id;
}

/** The key shown before if it still exists, else any, else a new one; `undefined` when the app was deleted. */
async function keyOf(api: ConsoleApi, { appId, keyId }: Known): Promise<ApiKey | undefined> {
  try {
    const keys = await api.listKeys(appId);
    return keys.find((key) => key.id === keyId) ?? keys[0] ?? (await api.createKey(appId));
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return undefined;
    throw error;
  }
}

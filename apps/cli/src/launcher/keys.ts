import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { LauncherEnv } from '../env.js';
import type { DataDir } from './data-dir.js';

const keysFile = z.object({
  adminKey: z.string().min(16),
  secretKey: z.string().min(32),
  postgresPassword: z.string().min(1),
  redisPassword: z.string().min(1),
});
export type Keys = z.infer<typeof keysFile>;

/** The installation's keys: made at the first start, kept in the data directory; the environment comes first. */
export async function provideKeys(dataDir: DataDir, env: LauncherEnv): Promise<Keys> {
  const kept = await dataDir.read('keys.json');
  const keys = kept === undefined ? newKeys() : keysFile.parse(kept);
  if (kept === undefined) await dataDir.write('keys.json', keys);
  return {
    ...keys,
    adminKey: env.MILLRACE_ADMIN_KEY ?? keys.adminKey,
    secretKey: env.MILLRACE_SECRET_KEY ?? keys.secretKey,
  };
}

function newKeys(): Keys {
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  return {
    adminKey: `admin-${random(24)}`,
    secretKey: random(48),
    postgresPassword: random(18),
    redisPassword: random(18),
  };
}

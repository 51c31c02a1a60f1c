import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvError, parseEnv, type EnvSlice, type EnvValues } from '@millrace/config';
import { doctorEnvSlice } from '../env.js';
import { failed, ok, type Outcome } from './outcome.js';

/** What there is to look at. */
export interface Setup {
  /** Whether PostgreSQL and Redis are those of `npm start`. */
  embedded: boolean;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  secretKey: string | undefined;
  olderSecretKeys: readonly string[];
  adminKey: string | undefined;
  dataDir: string;
  host: string;
  port: number;
  /** A gateway to ask. */
  url: string;
}

/** Reads the environment, and where it names no services those that `npm start` runs in the data directory. */
export async function readSetup(
  source: Readonly<Record<string, string | undefined>>,
): Promise<{ setup: Setup; outcomes: Outcome[] }> {
  const { values: env, problems } = parseEach(doctorEnvSlice, source);
  const dataDir = resolve(env.MILLRACE_DATA_DIR ?? './.millrace');
  // A variable that cannot be read is still a wish for services of one's own.
  const embedded = !source['DATABASE_URL'] && !source['REDIS_URL'];
  const kept = embedded ? await readEmbedded(dataDir) : {};
  const port = env.PORT ?? 8080;
  const setup: Setup = {
    embedded,
    databaseUrl: env.DATABASE_URL ?? kept.databaseUrl,
    redisUrl: env.REDIS_URL ?? kept.redisUrl,
    secretKey: env.MILLRACE_SECRET_KEY ?? kept.secretKey,
    olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS ?? [],
    adminKey: env.MILLRACE_ADMIN_KEY ?? kept.adminKey,
    dataDir,
    host: env.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    port,
    url: env.MILLRACE_URL ?? `http://127.0.0.1:${port}`,
  };
  const remedy = 'Set it as docs/configuration.md says.';
  const outcomes = problems.map((problem) => failed('environment', `${problem}.`, remedy));
  if (outcomes.length === 0) outcomes.push(ok('environment', 'Its values can be read.'));
  if (setup.secretKey === undefined && !embedded) outcomes.push(noSecretKey);
  return { setup, outcomes };
}

const noSecretKey = failed(
  'secret key',
  'MILLRACE_SECRET_KEY is not set.',
  'Set it: at least 32 characters, the same for all gateways and workers, such as from "openssl rand -hex 32".',
);

/** Parses variable by variable, so that one mistake hides nothing. */
function parseEach<S extends EnvSlice>(slice: S, source: Readonly<Record<string, string | undefined>>) {
  const values: Partial<EnvValues<S>> = {};
  const problems: string[] = [];
  for (const [name, schema] of Object.entries(slice)) {
    try {
      Object.assign(values, parseEnv({ [name]: schema }, source));
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      problems.push(...error.problems);
    }
  }
  return { values, problems };
}

interface Kept {
  databaseUrl?: string;
  redisUrl?: string;
  secretKey?: string;
  adminKey?: string;
}

/** What `npm start` keeps in its data directory; the addresses while its servers run. */
async function readEmbedded(dataDir: string): Promise<Kept> {
  const read = (name: string): Promise<string | undefined> =>
    readFile(join(dataDir, name), 'utf8').catch(() => undefined);
  const [keysText, pidText, redisText] = await Promise.all(
    ['keys.json', 'postgres/postmaster.pid', 'redis.conf'].map(read),
  );
  if (keysText === undefined) return {};
  const keys = JSON.parse(keysText) as Record<string, string>;
  // The fourth line of a running server's file is its port.
  const postgresPort = pidText?.split('\n')[3];
  const redisPort = pidText && /^port (\d+)$/m.exec(redisText ?? '')?.[1];
  return {
    ...(keys['secretKey'] === undefined ? {} : { secretKey: keys['secretKey'] }),
    ...(keys['adminKey'] === undefined ? {} : { adminKey: keys['adminKey'] }),
    ...(postgresPort
      ? { databaseUrl: `postgresql://millrace:${keys['postgresPassword'] ?? ''}@127.0.0.1:${postgresPort}/millrace` }
      : {}),
    ...(redisPort ? { redisUrl: `redis://:${keys['redisPassword'] ?? ''}@127.0.0.1:${redisPort}` } : {}),
  };
}

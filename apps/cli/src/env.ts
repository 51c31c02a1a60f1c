import { databaseEnv, parseEnv, port, redisEnv, secret, serviceUrl, text, type EnvValues } from '@millrace/config';

const launcherSlice = {
  PORT: port().default(8080),
  HOST: text().default('127.0.0.1'),
  MILLRACE_DATA_DIR: text().default('./.millrace'),
  DATABASE_URL: databaseEnv.DATABASE_URL.optional(),
  REDIS_URL: redisEnv.REDIS_URL.optional(),
  MILLRACE_ADMIN_KEY: secret(16).optional(),
  MILLRACE_SECRET_KEY: secret(32).optional(),
};
export type LauncherEnv = EnvValues<typeof launcherSlice>;

/** What `npm start` reads itself; the services inherit everything. @throws EnvError */
export const launcherEnv = (): LauncherEnv => parseEnv(launcherSlice, process.env);

/** The whole environment, for the services. */
export const inheritedEnv = (): Readonly<Record<string, string | undefined>> => process.env;

const clientSlice = {
  MILLRACE_URL: serviceUrl('http', 'https').default('http://127.0.0.1:8080'),
  MILLRACE_ADMIN_KEY: secret(16).optional(),
};
export type ClientEnv = EnvValues<typeof clientSlice>;

/** What the `millrace` command reads. @throws EnvError */
export const clientEnv = (): ClientEnv => parseEnv(clientSlice, process.env);

import {
  dataDirEnv,
  databaseEnv,
  parseEnv,
  port,
  redisEnv,
  secret,
  secretKeyEnv,
  serviceUrl,
  text,
  type EnvValues,
} from '@millrace/config';

export const launcherEnvSlice = {
  PORT: port().default(8080).describe('Port of the gateway; 0 takes a free one.'),
  HOST: text().default('127.0.0.1').describe('Address of the gateway.'),
  ...dataDirEnv,
  DATABASE_URL: databaseEnv.DATABASE_URL.optional().describe('PostgreSQL. Unset: a private one in the data directory.'),
  REDIS_URL: redisEnv.REDIS_URL.optional().describe('Redis. Unset: a private one in the data directory.'),
  MILLRACE_ADMIN_KEY: secret(16)
    .optional()
    .describe('As for the gateway. Unset: made, and kept in the data directory.'),
  MILLRACE_SECRET_KEY: secret(32)
    .optional()
    .describe('As for the gateway. Unset: made, and kept in the data directory.'),
};
export type LauncherEnv = EnvValues<typeof launcherEnvSlice>;

/** What `npm start` reads itself; the services inherit everything. @throws EnvError */
export const launcherEnv = (): LauncherEnv => parseEnv(launcherEnvSlice, process.env);

/** The whole environment, for the services. */
export const inheritedEnv = (): Readonly<Record<string, string | undefined>> => process.env;

export const clientEnvSlice = {
  MILLRACE_URL: serviceUrl('http', 'https')
    .optional()
    .describe('Gateway that commands talk to. Unset: http://127.0.0.1:8080.'),
  MILLRACE_ADMIN_KEY: secret(16)
    .optional()
    .describe('Key of the console API, for the commands that administer. Unset: that of `npm start` on this machine.'),
  MILLRACE_API_KEY: secret(1)
    .optional()
    .describe("An app's key, for `run` and `tail`. Unset: the admin key finds one."),
  MILLRACE_DATA_DIR: text().default('./.millrace').describe('Where the keys of `npm start` are found.'),
};
export type ClientEnv = EnvValues<typeof clientEnvSlice>;

/** What the `millrace` command reads. @throws EnvError */
export const clientEnv = (): ClientEnv => parseEnv(clientEnvSlice, process.env);

/** What `millrace doctor` looks at, read variable by variable. */
export const doctorEnvSlice = {
  ...launcherEnvSlice,
  PORT: launcherEnvSlice.PORT.unwrap().optional(),
  HOST: text().optional(),
  MILLRACE_SECRET_KEY_PREVIOUS: secretKeyEnv.MILLRACE_SECRET_KEY_PREVIOUS,
  MILLRACE_URL: serviceUrl('http', 'https').optional(),
};

/** What `millrace secrets rotate` reads. @throws EnvError */
export const rotationEnv = () => parseEnv({ ...databaseEnv, ...secretKeyEnv }, process.env);

/** A variable that the command line names, such as the one that holds a provider's key; blank is unset. */
export const namedVariable = (name: string): string | undefined => process.env[name] || undefined;

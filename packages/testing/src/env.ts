/** PostgreSQL of this test run. @throws outside of a test run. */
export const testDatabaseUrl = (): string => given('MILLRACE_TEST_DATABASE_URL');

/** Redis of this test run. @throws outside of a test run. */
export const testRedisUrl = (): string => given('MILLRACE_TEST_REDIS_URL');

/** What a service needs of this process's environment, beside its own settings. */
export const inheritedEnv = (): Record<string, string | undefined> => ({ PATH: process.env['PATH'] });

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the test through "npm test", whose set-up starts the services.`);
  return value;
}

/** Whether this run uses the long fault, fuzz and batch sizes (`npm run test:full`). */
export const isFullRun = (): boolean => process.env['MILLRACE_TEST_FULL'] === '1';

import { checkAdminKey, checkDataDir, checkPort, checkSandbox } from './machine.js';
import type { Outcome } from './outcome.js';
import { checkPostgres } from './postgres.js';
import { checkRedis } from './redis.js';
import { readSetup } from './setup.js';

export interface DoctorOptions {
  /** The environment that the services would get. */
  env: Readonly<Record<string, string | undefined>>;
  /** Whether code is run in the cage, which takes some seconds. Default true. */
  sandbox?: boolean;
}

export interface Report {
  /** Whether nothing failed. */
  ok: boolean;
  outcomes: Outcome[];
}

/** Looks at a set-up from where it runs, changes nothing, and says what to do. Never rejects because of what it finds. */
export async function runDoctor({ env, sandbox = true }: DoctorOptions): Promise<Report> {
  const { setup, outcomes } = await readSetup(env);
  const looks = [checkPostgres, checkRedis, checkAdminKey, checkPort, checkDataDir, ...(sandbox ? [checkSandbox] : [])];
  for (const found of await Promise.all(looks.map((look) => look(setup)))) outcomes.push(...found);
  return { ok: outcomes.every(({ status }) => status !== 'failed'), outcomes };
}

import { createStore, postgresFindings, schemaFindings, type SchemaState, type Store } from '@millrace/store';
import { clockOutcome, failed, failedBy, ok, skipped, warning, type Outcome } from './outcome.js';
import type { Setup } from './setup.js';

const timeoutMs = 5_000;
const dayMs = 86_400_000;
/** One gateway, worker and recorder with default pools, and somebody who looks. */
const fewestConnections = 10 + 10 + 4 + 3;

export async function checkPostgres(setup: Setup): Promise<Outcome[]> {
  const { databaseUrl } = setup;
  if (databaseUrl === undefined) {
    const said = setup.embedded
      ? 'DATABASE_URL is not set, and "npm start" does not run: it brings its own PostgreSQL.'
      : 'DATABASE_URL is not set.';
    return [
      setup.embedded
        ? skipped('postgres', said)
        : failed('postgres', said, 'Set it to a PostgreSQL of version 15 or later.'),
    ];
  }
  const store = createStore({
    ...{ databaseUrl, timeoutMs, poolSize: 2 },
    // Without a key only the secrets cannot be looked at.
    secretKey: setup.secretKey ?? 'none',
    olderSecretKeys: setup.olderSecretKeys,
  });
  try {
    return await look(store, setup);
  } catch (error) {
    return [unreachable(databaseUrl, error)];
  } finally {
    await store.close();
  }
}

async function look(store: Store, { secretKey }: Setup): Promise<Outcome[]> {
  const before = Date.now();
  const facts = await store.inspection.facts();
  const after = Date.now();
  const old = postgresFindings(facts);
  if (old.length > 0) return failedBy('postgres', old);
  const { version, maxConnections, connections } = facts;
  const outcomes = [
    ok('postgres', `PostgreSQL ${version} answers.`),
    clockOutcome('postgres clock', facts.nowMs, before, after),
  ];
  const said = `${connections} of ${maxConnections} connections are in use.`;
  outcomes.push(
    maxConnections - connections < fewestConnections
      ? warning(
          'postgres connections',
          said,
          'Raise max_connections: a gateway takes up to 10, a worker 10, a recorder 4.',
        )
      : ok('postgres connections', said),
  );
  const schema = await store.inspection.schema();
  outcomes.push(schemaOutcome(schema));
  if (schemaFindings(schema).length > 0) return outcomes;
  outcomes.push(await partitionsOutcome(store));
  if (secretKey !== undefined) outcomes.push(await secretOutcome(store));
  return outcomes;
}

function schemaOutcome(schema: SchemaState): Outcome {
  const [finding] = schemaFindings(schema);
  if (finding) return failed('migrations', finding.problem, finding.remedy);
  if (schema.unknown.length === 0) return ok('migrations', 'All are applied.');
  const said = `The database has migrations of a newer release: ${schema.unknown.join(', ')}.`;
  return warning('migrations', said, 'Good while an upgrade is under way; then bring this release up to it as well.');
}

async function partitionsOutcome(store: Store): Promise<Outcome> {
  const ahead = Math.floor((await store.partitions.aheadMs(Date.now())) / dayMs);
  if (ahead >= 2) return ok('partitions', `There are partitions for the next ${ahead} days.`);
  const said = `There are partitions for the next ${ahead} whole days only.`;
  return warning('partitions', said, 'Start a recorder: it makes the next ones at its start and every hour.');
}

async function secretOutcome(store: Store): Promise<Outcome> {
  const state = await store.secretCheck.look();
  switch (state) {
    case 'unset':
      return ok('secret key', 'MILLRACE_SECRET_KEY is set; this database holds no secrets yet.');
    case 'current':
      return ok('secret key', 'MILLRACE_SECRET_KEY opens the secrets of this database.');
    case 'older':
      return warning(
        'secret key',
        'The secrets are sealed with a key of MILLRACE_SECRET_KEY_PREVIOUS.',
        'Run "millrace secrets rotate" (docs/secrets.md).',
      );
    case 'wrong': {
      const [finding] = await store.secretCheck.findings();
      return failed('secret key', finding?.problem ?? '', finding?.remedy ?? '');
    }
  }
}

/** Why PostgreSQL could not be asked, without what the address keeps secret. */
function unreachable(databaseUrl: string, error: unknown): Outcome {
  const { hostname, port, pathname, username } = new URL(databaseUrl);
  const at = `${hostname}:${port || '5432'}`;
  const code = codeOf(error);
  const not = (said: string, remedy: string) => failed('postgres', said, remedy);
  if (code === '28P01' || code === '28000') {
    return not(
      `PostgreSQL at ${at} refuses the user "${username}" or its password.`,
      'Correct user and password in DATABASE_URL.',
    );
  }
  if (code === '3D000') {
    const name = decodeURIComponent(pathname.slice(1));
    return not(
      `PostgreSQL at ${at} has no database "${name}".`,
      `Create it ("createdb ${name}"), or name another in DATABASE_URL.`,
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return not(`The host "${hostname}" is not known.`, 'Correct the host in DATABASE_URL.');
  return not(
    `PostgreSQL cannot be reached at ${at} (${code || messageOf(error)}).`,
    'Start it, or correct DATABASE_URL; a firewall may lie between.',
  );
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import type { Finding } from '@millrace/contracts';
import type { Database } from './database.js';
import { readSchemaState, schemaFindings, type SchemaState } from './migrate.js';
import * as sql from './sql/server.js';

/** What a PostgreSQL server says of itself. */
export interface PostgresFacts {
  /** As `server_version` writes it: `17.2`. */
  version: string;
  major: number;
  maxConnections: number;
  /** Clients connected now, this one included. */
  connections: number;
  /** The server's clock, Unix ms. */
  nowMs: number;
}

const oldestMajor = 15;

export function postgresFindings({ version, major }: PostgresFacts): Finding[] {
  if (major >= oldestMajor) return [];
  const problem = `PostgreSQL is version ${version}; Millrace needs ${oldestMajor} or later.`;
  return [{ check: 'postgres', problem, remedy: 'Upgrade the server, or point DATABASE_URL at a newer one.' }];
}

/** Looks at the server and its schema. Every call rejects with an error that `isUnavailable` knows while it cannot be reached. */
export interface Inspection {
  facts(): Promise<PostgresFacts>;
  schema(): Promise<SchemaState>;
  /** Why this release should not work with this database. */
  findings(): Promise<Finding[]>;
}

export function createInspection(database: Database): Inspection {
  const facts = async (): Promise<PostgresFacts> => {
    const [row] = await database.query<PostgresFacts>(sql.serverFacts, []);
    if (!row) throw new Error('PostgreSQL said nothing of itself.');
    return row;
  };
  const schema = (): Promise<SchemaState> =>
    readSchemaState(<Row extends object>(text: string) => database.query<Row>({ text }, []));

  return {
    facts,
    schema,
    async findings() {
      const old = postgresFindings(await facts());
      // A server that is too old need not even know the statements that follow.
      return old.length > 0 ? old : schemaFindings(await schema());
    },
  };
}

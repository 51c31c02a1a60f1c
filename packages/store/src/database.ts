import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';
import { createSpanSql, spanningPrisma, type SpanSql } from './sql-span.js';

/** A statement of `sql/`; with a name (unique within the process) each connection prepares it once. */
export interface Statement {
  name?: string;
  text: string;
}

export interface DatabaseOptions {
  databaseUrl: string;
  /** Most connections of this process. Default 10; below 2 a slow query blocks everything. */
  poolSize?: number;
  /**
   * Milliseconds after which a call fails with an error that `isUnavailable` knows, connecting included.
   * Default 1500: a gateway must answer 503 within 2 s. Recorders may wait longer; too low a value takes
   * a busy database for a dead one.
   */
  timeoutMs?: number;
  /** Told of connections that break while nobody uses them; the next call connects anew. Default: nothing. */
  onConnectionError?: (error: Error) => void;
}

/**
 * One plan per prepared statement, made without looking at values: planning anew would cost more than running.
 * Such a plan must not trust that a partition is small because it is new and was empty when the plan was made,
 * so it may read tables through their indexes only. See DECISIONS.md.
 */
const sessionSettings =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c jit=off';

/**
 * For statements that read a run's values or events, which may be megabytes. A server that does not answer at all is found out
 * within the usual limit.
 */
export const largeRead = { timeoutMs: 10_000 };

/** Connections to Postgres, shared by Prisma and the statements of `sql/`. */
export interface Database {
  prisma: PrismaClient;
  /** Runs a statement. `timeoutMs` replaces the limit for a statement known to be slow. */
  query<Row extends object>(statement: Statement, values: unknown[], options?: { timeoutMs?: number }): Promise<Row[]>;
  /** For calls that wait for a statement they share with others. */
  spanSql: SpanSql;
  /** Connections lent out and idle, and queries that wait for one. */
  connections(): { used: number; idle: number; waiting: number; max: number };
  close(): Promise<void>;
}

export function createDatabase(options: DatabaseOptions): Database {
  const timeoutMs = options.timeoutMs ?? 1500;
  // Waiting for a connection and the query together stay within the limit.
  const connectMs = Math.ceil(timeoutMs * 0.4);
  const queryMs = timeoutMs - connectMs;
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.poolSize ?? 10,
    application_name: 'millrace',
    keepAlive: true,
    options: sessionSettings,
    connectionTimeoutMillis: connectMs,
    statement_timeout: queryMs,
    // The server's own limit comes first; this one is for a server that does not answer at all.
    query_timeout: queryMs,
  });
  const onConnectionError = options.onConnectionError ?? (() => undefined);
  pool.on('error', onConnectionError);
  // A lent connection that breaks emits an error too, besides failing its query; unheard it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const spanSql = createSpanSql(options.databaseUrl);
  const prisma = spanningPrisma(new PrismaClient({ adapter: new PrismaPg(pool) }), spanSql);

  async function withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      const result = await use(client);
      client.release();
      return result;
    } catch (error) {
      // After an error of SQL the connection is good; after any other an answer may still be on its way.
      client.release(!(error instanceof pg.DatabaseError));
      throw error;
    }
  }

  async function query<Row extends object>(
    statement: Statement,
    values: unknown[],
    limits: { timeoutMs?: number } = {},
  ): Promise<Row[]> {
    const { timeoutMs: limitMs } = limits;
    // `query_timeout` of a single query is known to `pg`, but not to its types.
    const config = { ...statement, values, ...(limitMs === undefined ? {} : { query_timeout: limitMs }) };
    const run = async (client: pg.PoolClient) => (await client.query<Row>(config)).rows;
    return spanSql(summaryOf(statement), () =>
      withClient((client) => (limitMs === undefined ? run(client) : withLimit(client, limitMs, run))),
    );
  }

  return {
    prisma,
    query,
    spanSql,
    connections: () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: pool.options.max,
    }),
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** A statement's name, or its first word. */
const summaryOf = ({ name, text }: Statement): string => name ?? /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL';

/** Runs something under another statement timeout than the connection's own. */
async function withLimit<T>(client: pg.PoolClient, limitMs: number, run: (client: pg.PoolClient) => Promise<T>) {
  await client.query(`SET statement_timeout = ${Math.ceil(limitMs)}`);
  try {
    return await run(client);
  } finally {
    await client.query('RESET statement_timeout');
  }
}

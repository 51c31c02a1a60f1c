import { tracesStores, withStoreSpan, type Attributes } from '@millrace/telemetry';
import type { PrismaClient } from './generated/client.js';

/** Runs a call to PostgreSQL as a span that names it; SQL and values are not recorded. */
export type SpanSql = <T>(summary: string, call: () => Promise<T>) => Promise<T>;

export function createSpanSql(databaseUrl: string): SpanSql {
  const server = serverOf(databaseUrl);
  return (summary, call) =>
    withStoreSpan(() => ({ name: summary, attributes: { ...server, 'db.query.summary': summary } }), call);
}

function serverOf(databaseUrl: string): Attributes {
  const url = URL.parse(databaseUrl);
  return {
    'db.system.name': 'postgresql',
    ...(url && {
      'db.namespace': decodeURIComponent(url.pathname.slice(1)),
      'server.address': url.hostname,
      'server.port': Number(url.port || 5432),
    }),
  };
}

/** Prisma's calls as spans, where such are recorded at all. */
export function spanningPrisma(prisma: PrismaClient, spanSql: SpanSql): PrismaClient {
  if (!tracesStores()) return prisma;
  const spanning = prisma.$extends({
    query: {
      $allOperations: ({ model, operation, args, query }) =>
        spanSql(model === undefined ? operation : `${operation} ${model}`, () => query(args)),
    },
  });
  return spanning as unknown as PrismaClient;
}

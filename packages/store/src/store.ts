import { createAppKeyRepository } from './app-keys.js';
import { createAppRepository } from './apps.js';
import { createArchiveRepository } from './archives.js';
import { createCredentialRepository } from './credentials.js';
import type { DatabaseOptions } from './database.js';
import { createDatabase } from './database.js';
import { createEndUserRepository } from './end-users.js';
import { createFileRepository } from './files.js';
import { createNodeExecutionRepository } from './node-executions.js';
import { createPartitions } from './partitions.js';
import { createPendingImportRepository } from './pending-imports.js';
import { createRunRepository } from './runs.js';
import { createRotation } from './rotation.js';
import { createSecretCheck } from './secret-check.js';
import { createSecretBox } from './secrets.js';
import { createInspection } from './server.js';
import { createConsoleKeyRepository, createTenantRepository } from './tenants.js';
import { createVersionRepository } from './versions.js';

export interface StoreOptions extends DatabaseOptions {
  /** MILLRACE_SECRET_KEY: encrypts credentials, secrets of workflows and re-showable keys. */
  secretKey: string;
  /** Earlier values of it, which still open what they sealed. Default none. */
  olderSecretKeys?: readonly string[];
}

/**
 * Postgres behind repositories. Every lookup of users' data takes the tenant. Connects on first use.
 * Errors of reachability are known to `isUnavailable`.
 */
export function createStore(options: StoreOptions) {
  const database = createDatabase(options);
  const secrets = createSecretBox(options.secretKey, options.olderSecretKeys);
  const partitions = createPartitions(database);
  return {
    tenants: createTenantRepository(database),
    consoleKeys: createConsoleKeyRepository(database),
    apps: createAppRepository(database),
    versions: createVersionRepository(database, secrets),
    appKeys: createAppKeyRepository(database, secrets),
    endUsers: createEndUserRepository(database),
    files: createFileRepository(database),
    pendingImports: createPendingImportRepository(database),
    credentials: createCredentialRepository(database, secrets),
    runs: createRunRepository(database, partitions),
    nodeExecutions: createNodeExecutionRepository(database, partitions),
    archives: createArchiveRepository(database, partitions),
    partitions,
    inspection: createInspection(database),
    secretCheck: createSecretCheck(database, secrets),
    rotation: createRotation(database, secrets),
    /** Resolves when Postgres answers. */
    async ping(): Promise<void> {
      await database.query({ text: 'SELECT 1' }, []);
    },
    /** How this process uses its connections. */
    connections: () => database.connections(),
    /** Closes all connections; calls under way are waited for. */
    close: (): Promise<void> => database.close(),
  };
}

export type Store = ReturnType<typeof createStore>;

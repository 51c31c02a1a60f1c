import type { FileStorage, Outbound } from '@millrace/contracts';
import { createAccept, createFinish, createPlans, createStop, type RunLimits } from '@millrace/engine';
import { createRemoteLook, type SignedLinks, type UploadLimits } from '@millrace/files';
import { createNodeQueue, type ShardQueue } from '@millrace/queue';
import { createOverview, createRunEvents, createRunState, type Doorbell } from '@millrace/state';
import { defaultTenantId, providerKey, type Store } from '@millrace/store';
import { createRunMetrics, observePool, type Metrics } from '@millrace/telemetry';
import type { GatewayDeps } from './app.js';
import { createAppAccess } from './auth/app-access.js';
import { createKeyCache } from './auth/key-cache.js';
import { createFilesBase } from './files/files-base.js';
import type { Log } from './log.js';
import { observeFleet } from './operations/fleet-metrics.js';
import { createGatewayMetrics, createStreamLag, observeViewers } from './operations/metrics.js';
import { isUnavailable, isUnsent } from './operations/outage.js';
import { createRelay, type Relay } from './relay/relay.js';
import { createRunHistory } from './relay/run-history.js';
import type { ResolveEndUser } from './service-api/ports.js';
import type { ServiceApiDeps } from './service-api/router.js';
import { supportedNodeTypes } from './supported-node-types.js';

type RedisConnection = Parameters<typeof createRunState>[0];

export interface Adapters {
  store: Store;
  redis: RedisConnection;
  /** One per shard, in order. */
  queues: readonly ShardQueue[];
  doorbells: readonly Doorbell[];
  storage: FileStorage;
  links: SignedLinks;
  outbound: Outbound;
  metrics: Metrics;
  log: Log;
}

export interface GatewaySettings {
  serverVersion: string;
  adminKey: string;
  bodyLimitBytes: number;
  blockingDeadlineMs: number;
  limits: RunLimits;
  uploads: UploadLimits;
  /** Told to clients; default of Dify: 10. */
  workflowFileLimit: number;
  /** METRICS_TENANTS. Default 100. */
  metricsTenants?: number;
  /** FILES_URL. */
  filesUrl?: string | undefined;
  /** Whether Postgres and Redis answer. */
  ready: () => Promise<boolean>;
}

export interface Gateway {
  deps: GatewayDeps;
  relay: Relay;
  close(): void;
}

/** Introduces the adapters to the use cases and the use cases to the routes. */
export function composeGateway(adapters: Adapters, settings: GatewaySettings): Gateway {
  const { store, redis, queues, doorbells, outbound, storage, links, log } = adapters;
  const { serverVersion, adminKey, bodyLimitBytes, blockingDeadlineMs, limits, uploads } = settings;
  const onError = (error: unknown): void => log.error({ err: error }, 'gateway error');

  const findRun: Store['runs']['get'] = (tenantId, appId, runId) => store.runs.get(tenantId, appId, runId);
  const history = createRunHistory({
    findRun,
    loadArchive: ({ tenantId, runId }) => store.archives.load(tenantId, runId),
  });
  const maxTenants = settings.metricsTenants ?? 100;
  const metrics = createGatewayMetrics(adapters.metrics, { maxTenants });
  const source = createRunEvents(redis);
  const relay = createRelay({
    ...{ source, history, bells: doorbells, onError },
    onDelivered: createStreamLag(adapters.metrics),
  });
  const access = createAppAccess(store, onError);

  const state = createRunState(redis, { shards: queues.length });
  const plans = createPlans(store.versions, supportedNodeTypes);
  const observer = createRunMetrics(adapters.metrics, { maxTenants });
  const finish = createFinish({ state, runs: store.runs, plans, observer });
  const queue = createNodeQueue(queues);
  const acceptRun = createAccept({
    ...{ runs: store.runs, state, queue, limits, onError, isUnavailable, isUnsent },
    shards: queues.length,
  });
  const accept: typeof acceptRun = async (request) => {
    const run = await acceptRun(request);
    metrics.runAccepted(run);
    return run;
  };
  const stop = createStop({
    ...{ state, finish, runs: store.runs },
    async findTask(tenantId, appId, taskId) {
      const run = await store.runs.getForTask(tenantId, appId, taskId);
      return run && { context: run.context, ended: run.status !== 'accepted' };
    },
  });
  const credentials = createKeyCache(async (key) => {
    const [tenantId = '', provider = ''] = key.split('/');
    return (await store.credentials.credentials(tenantId, provider)) && true;
  });
  // Published versions never change, so only their existence is looked up, and not each time.
  const versions = createKeyCache(async (key) => {
    const [tenantId = '', appId = '', versionId = ''] = key.split('/');
    const found = await store.versions.get(tenantId, versionId);
    if (found?.appId !== appId) return undefined;
    return { id: found.id, label: found.version, draft: found.version.startsWith('draft') };
  });

  const resolveEndUser: ResolveEndUser = (tenantId, appId, user) => store.endUsers.ensure(tenantId, appId, user);
  const filesBase = createFilesBase(settings.filesUrl);

  observeViewers(adapters.metrics, relay);
  observeFleet(adapters.metrics, { queues, overview: createOverview(redis), store, limits });
  observePool(adapters.metrics, () => store.connections());

  const serviceApi: ServiceApiDeps = {
    ...{ accept, stop, plans, relay, history, metrics, findRun, bodyLimitBytes, blockingDeadlineMs, serverVersion },
    findAppAccess: access.find,
    findApp: (tenantId, appId) => store.apps.get(tenantId, appId),
    findEndUser: (tenantId, appId, endUserId) => store.endUsers.get(tenantId, appId, endUserId),
    findLogs: (tenantId, appId, query) => store.runs.logs(tenantId, appId, query),
    findVersion: (tenantId, appId, versionId) => versions.get(`${tenantId}/${appId}/${versionId}`),
    hasCredentials: async (tenantId, provider) =>
      (await credentials.get(`${tenantId}/${providerKey(provider)}`)) !== undefined,
    resolveEndUser,
    files: { storage, links, filesBase, resolveEndUser, limits: uploads, catalogue: store.files },
    runFiles: { catalogue: store.files, lookAtRemote: createRemoteLook({ outbound }), links, resolveEndUser },
    filesBase,
    systemParameters: {
      image_file_size_limit: uploads.image,
      video_file_size_limit: uploads.video,
      audio_file_size_limit: uploads.audio,
      file_size_limit: uploads.file,
      workflow_file_upload_limit: settings.workflowFileLimit,
    },
    bellChannel: (shard) => doorbells[shard]?.channel ?? '',
  };

  return {
    relay,
    close: () => access.close(),
    deps: {
      serverVersion,
      errors: { log, isUnavailable },
      operations: { metrics: adapters.metrics, ready: settings.ready },
      downloads: { storage, links, findForLink: (fileId) => store.files.findForLink(fileId) },
      serviceApi,
      consoleApi: {
        ...{ store, outbound, adminKey, defaultTenantId, bodyLimitBytes, stop },
        async readEvents(run) {
          const [events = []] = await source.ranges([{ run }]);
          return events.length > 0 ? events : ((await store.archives.load(run.tenantId, run.runId)) ?? []);
        },
        supportedTypes: supportedNodeTypes,
        findConsoleTenant: (key) => store.consoleKeys.tenantOf(key),
        tenantExists: async (tenantId) => (await store.tenants.get(tenantId)) !== undefined,
        forget: access.forget,
        runs: serviceApi,
      },
    },
  };
}

export { freePort } from '@millrace/embedded';
export * from './databases.js';
export { isFullRun, testDatabaseUrl, testRedisUrl } from './env.js';
export * from './http-target.js';
export * from './model-server.js';
export * from './proxy.js';
export * from './servers.js';
export * from './service-process.js';
export * from './workflow-file.js';

export { aptInstall } from './apt.js';
export { logTail, startChild, waitForChild, type Child, type ChildOptions } from './child.js';
export { canListen, freePort } from './free-port.js';
export { preparePostgresBinaries } from './postgres-binaries.js';
export { startPostgresServer, type PostgresOptions, type PostgresServer } from './postgres.js';
export { commandLine, processIdentity, signalProcess, waitUntilGone } from './process-identity.js';
export { provideRedis, type RedisProgram } from './redis-program.js';
export { startRedisServer, type RedisOptions, type RedisServer } from './redis.js';
export { forgetChild, watchChild } from './watchdog.js';

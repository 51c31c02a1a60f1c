export { createNodeQueue, createShardQueue, type ShardQueue } from './node-queue.js';
export { createNodeWorker, type NodeWorker, type NodeWorkerOptions } from './node-worker.js';

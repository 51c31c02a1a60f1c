export * from './node-executors.js';

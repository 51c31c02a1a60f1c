export * from './node-executors.js';
export { defaultCodeOutputLimits, type CodeOutputLimits } from './code/limits.js';

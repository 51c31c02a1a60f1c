export * from './node-executors.js';
export { defaultCodeOutputLimits, type CodeOutputLimits } from './code/limits.js';
export { defaultResponseLimits, type ResponseLimits } from './http-request/response.js';

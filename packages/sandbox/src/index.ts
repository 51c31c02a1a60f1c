export type { CodeObserver, CodeRunnerOptions } from './options.js';
export { createCodeRunner, type ManagedCodeRunner } from './runner/code-runner.js';

import type { NodeDependencies } from '@millrace/nodes';

const refuse = (): Promise<never> => Promise.reject(new Error('this benchmark does not call it'));

/** Dependencies of executors that are not measured. */
export const unused: NodeDependencies = {
  outbound: { request: refuse },
  models: { invoke: refuse },
  code: { run: refuse },
  files: { read: refuse, create: refuse, createFromResponse: refuse },
};

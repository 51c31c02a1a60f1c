import type { NodeDependencies } from '@millrace/nodes';

const refuse = (): Promise<never> => Promise.reject(new Error('this benchmark does not call it'));

/** Dependencies of executors that are not measured. */
export const unused: NodeDependencies = {
  outbound: { open: refuse },
  models: { invoke: refuse },
  code: { run: refuse },
  files: { open: refuse, create: refuse, createFromResponse: refuse },
};

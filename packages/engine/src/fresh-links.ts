import type { FileLinks, RunContext, ValueObject } from '@millrace/contracts';
import { linkFiles } from '@millrace/graph';

/** Signs the links of all files in some values anew: links are short-lived, values of a run are not. */
export type FreshLinks = (run: RunContext, values: ValueObject) => ValueObject;

/** Without `links` values stay as they are. */
export function createFreshLinks(links: FileLinks | undefined): FreshLinks {
  if (!links) return (_run, values) => values;
  return ({ tenantId, appId, endUserId, filesUrl = '' }, values) => {
    const owner = { tenantId, appId, endUserId };
    return linkFiles(values, (file) => links.sign(owner, file, filesUrl)) as ValueObject;
  };
}

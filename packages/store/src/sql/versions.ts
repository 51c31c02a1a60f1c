import type { Statement } from '../database.js';

/** Asked before every run, so without the text: an index walk from the newest label of the app downward. */
export const publishedRef: Statement = {
  name: 'versions_published_ref',
  text: `SELECT id, version FROM workflow_versions
    WHERE tenant_id = $1 AND app_id = $2 AND version <> 'draft' ORDER BY version DESC LIMIT 1`,
};

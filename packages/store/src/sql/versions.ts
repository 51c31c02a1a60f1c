import type { Statement } from '../database.js';

/** Asked before every run, so without the text: an index walk from the newest label of the app downward. */
export const publishedRef: Statement = {
  name: 'versions_published_ref',
  text: `SELECT id, version FROM workflow_versions
    WHERE tenant_id = $1 AND app_id = $2 AND version < 'draft' ORDER BY version DESC LIMIT 1`,
};

/** Neither the version that runs nor one with runs that have not ended (few: a partial index lists them). */
export const removeUnused: Statement = {
  name: 'versions_remove_unused',
  text: `DELETE FROM workflow_versions v WHERE v.id = $1 AND v.tenant_id = $2 AND v.app_id = $3
    AND v.version < (SELECT max(version) FROM workflow_versions
      WHERE tenant_id = $2 AND app_id = $3 AND version < 'draft')
    AND NOT EXISTS (SELECT FROM runs r WHERE r.status = 'accepted' AND r.version_id = $1 AND r.tenant_id = $2)
    RETURNING v.id`,
};

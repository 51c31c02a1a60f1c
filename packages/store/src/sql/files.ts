import type { Statement } from '../database.js';

/** Two index walks by age, and one by app for files whose app was deleted. */
export const expiredFiles: Statement = {
  text: `(SELECT id, tenant_id FROM upload_files WHERE origin = 'upload' AND created_at < $1 ORDER BY created_at LIMIT $3)
    UNION (SELECT id, tenant_id FROM upload_files WHERE origin = 'tool' AND created_at < $2 ORDER BY created_at LIMIT $3)
    UNION (SELECT id, tenant_id FROM upload_files f
      WHERE NOT EXISTS (SELECT 1 FROM apps a WHERE a.id = f.app_id) LIMIT $3)
    LIMIT $3`,
};

import type { Statement } from '../database.js';

/** No read before or after: the id is known, and whoever comes second changes nothing. */
export const ensureEndUser: Statement = {
  name: 'end_users_ensure',
  text: `INSERT INTO end_users (id, tenant_id, app_id, session_id, is_anonymous) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO NOTHING`,
};

export const getEndUser: Statement = {
  name: 'end_users_get',
  text: `SELECT session_id, is_anonymous, created_at FROM end_users WHERE id = $1 AND tenant_id = $2 AND app_id = $3`,
};

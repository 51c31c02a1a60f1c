import type { Statement } from '../database.js';

/** Every request begins here: three primary-key reads behind one unique-index read, all in one statement. */
export const resolveKey: Statement = {
  name: 'app_keys_resolve',
  text: `SELECT k.id AS "keyId", k.tenant_id AS "tenantId", k.app_id AS "appId", a.mode AS "appMode",
      a.status AS "appStatus", a.enable_api AS "enableApi", t.status AS "tenantStatus"
    FROM app_keys k JOIN apps a ON a.id = k.app_id JOIN tenants t ON t.id = k.tenant_id WHERE k.hash = $1`,
};

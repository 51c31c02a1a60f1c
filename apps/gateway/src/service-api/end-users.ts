import { ApiError, isUuid } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { appOf } from './app-of.js';
import type { FindEndUser } from './ports.js';

/** `GET /v1/end-users/{end_user_id}` (service-api 2.11), of the key's app only. */
export const endUser =
  (findEndUser: FindEndUser): RequestHandler =>
  async (req, res, next) => {
    const id = String(req.params['end_user_id']).toLowerCase();
    if (!isUuid(id)) return next('router');
    const { tenantId, appId } = appOf(res);
    const found = await findEndUser(tenantId, appId, id);
    if (!found) throw new ApiError('end_user_not_found');
    const createdAt = new Date(found.createdAtMs).toISOString();
    res.json({
      id,
      tenant_id: tenantId,
      app_id: appId,
      type: 'service-api',
      external_user_id: found.sessionId,
      name: null,
      is_anonymous: found.isAnonymous,
      session_id: found.sessionId,
      created_at: createdAt,
      // Nothing of an end user ever changes.
      updated_at: createdAt,
    });
  };

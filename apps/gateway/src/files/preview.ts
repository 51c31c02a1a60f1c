import { ApiError, isUuid } from '@millrace/contracts';
import type { RequestHandler } from 'express';

const booleans = /^(true|1|yes|on|false|0|no|off)$/i;

/**
 * `GET /v1/files/{file_id}/preview` (service-api 2.10). It only ever shows files of chat messages, which runs of
 * workflows never write; their files have signed links.
 */
export const previewFile: RequestHandler = (req, _res, next) => {
  if (!isUuid(String(req.params['file_id']))) return next('router');
  const asAttachment = req.query['as_attachment'];
  if (asAttachment !== undefined && !(typeof asAttachment === 'string' && booleans.test(asAttachment))) {
    throw new ApiError('invalid_param', 'as_attachment must be true or false.');
  }
  throw new ApiError('file_not_found', 'File not found in message context');
};

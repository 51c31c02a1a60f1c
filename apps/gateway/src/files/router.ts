import { Router } from 'express';
import { methodNotAllowed } from '../http/errors.js';
import { allowAnyOrigin } from '../http/headers.js';
import { downloadFile, type DownloadDeps } from './download.js';

/** Signed download links, below `/files`. */
export function filesRouter(deps: DownloadDeps): Router {
  const router = Router();
  router.use('/files', allowAnyOrigin);
  router.get('/files/tools/:file_id', downloadFile(deps, 'tool'));
  router.get('/files/:file_id/file-preview', downloadFile(deps, 'upload'));
  router.all(['/files/tools/:file_id', '/files/:file_id/file-preview'], methodNotAllowed('GET'));
  return router;
}

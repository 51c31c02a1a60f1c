import {
  ApiError,
  FileError,
  newId,
  type FileLinks,
  type FileStorage,
  type StagedBlob,
  type StoredFile,
} from '@millrace/contracts';
import {
  checkFilePart,
  keep,
  largestUploadBytes,
  uploadLimitBytes,
  type FileCatalogue,
  type UploadLimits,
} from '@millrace/files';
import { anonymousSessionId } from '@millrace/store';
import type { Request, RequestHandler } from 'express';
import type { AppAccess } from '../auth/ports.js';
import { linger } from '../http/linger.js';
import { boundaryOf, readField, readMultipart, type Part } from '../http/multipart.js';
import { appOf } from '../service-api/app-of.js';
import type { ResolveEndUser } from '../service-api/ports.js';
import { parseUser } from '../service-api/user.js';
import type { FilesBase } from './files-base.js';

export interface UploadDeps {
  storage: FileStorage;
  catalogue: FileCatalogue;
  links: FileLinks;
  limits: UploadLimits;
  filesBase: FilesBase;
  resolveEndUser: ResolveEndUser;
}

/** Room for the other parts and their headers. */
const overheadBytes = 1024 * 1024;
/** Several of the files that were sent count as one when they have the same name. */
const fieldName = 'file';

/** `POST /v1/files/upload` (service-api 2.9). The content is streamed to storage; whatever fails leaves nothing. */
export const uploadFile =
  (deps: UploadDeps): RequestHandler =>
  async (req, res) => {
    const app = appOf(res);
    try {
      const upload = await receive(deps, app, req);
      const stored = await store(deps, app, upload);
      res.status(201).json(present(stored, deps.links.sign(stored, stored, deps.filesBase(req))));
    } finally {
      linger(req, res);
    }
  };

/** What has arrived of a request. */
interface Upload {
  user: string;
  file: { id: string; name: string; extension: string; mimeType: string; staged: StagedBlob };
}

async function receive({ storage, limits }: UploadDeps, { tenantId }: AppAccess, req: Request): Promise<Upload> {
  const boundary = boundaryOf(req.headers['content-type']);
  if (boundary === undefined) throw new ApiError('no_file_uploaded');
  const maxBytes = largestUploadBytes(limits) + overheadBytes;
  const tooLarge = (): ApiError => new ApiError('file_too_large');
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();

  const names = new Set<string>();
  let user = '';
  let file: Promise<Upload['file']> | undefined;
  const onPart = async (part: Part): Promise<void> => {
    if (part.filename === undefined) {
      if (part.name === 'user') user ||= await readField(part, 64 * 1024);
      else part.content.resume();
      return;
    }
    names.add(part.name);
    if (part.name === fieldName && !file) {
      file = takeFile(part);
      // Judged below, once everything is known: other mistakes come first.
      await file.catch(() => undefined);
    }
    part.content.resume();
  };
  const takeFile = async ({ filename = '', mimeType, content }: Part): Promise<Upload['file']> => {
    const { name, extension } = checkFilePart({ filename, mimeType }, limits);
    const id = newId();
    try {
      const staged = await storage.stage({ tenantId, fileId: id }, kept(content), uploadLimitBytes(limits, extension));
      return { id, name, extension, mimeType, staged };
    } catch (error) {
      throw error instanceof FileError && error.kind === 'too-large' ? tooLarge() : error;
    }
  };

  try {
    await readMultipart(req, boundary, { maxBytes, onPart, tooLarge });
    const owner = parseUser(user || anonymousSessionId);
    if (!file) throw new ApiError('no_file_uploaded');
    if (names.size > 1) throw new ApiError('too_many_files');
    return { user: owner, file: await file };
  } catch (error) {
    // A body in which no file can be found holds none.
    if (!file && error instanceof ApiError && error.code === 'bad_request') throw new ApiError('no_file_uploaded');
    await file?.then(({ staged }) => staged.discard()).catch(() => undefined); // it failed itself: nothing is left of it
    throw error;
  }
}

/** Stops reading without ending the stream: what is left of a refused file is passed over. */
const kept = (content: Part['content']): AsyncIterable<Uint8Array> => content.iterator({ destroyOnReturn: false });

async function store(
  { catalogue, resolveEndUser }: UploadDeps,
  app: AppAccess,
  { user, file }: Upload,
): Promise<StoredFile> {
  const { tenantId, appId } = app;
  const { staged, ...described } = file;
  const { size, hash } = staged;
  let stored: StoredFile | undefined;
  await keep(staged, async () => {
    const endUserId = await resolveEndUser(tenantId, appId, user);
    stored = { ...described, tenantId, appId, endUserId, origin: 'upload', size, hash, createdAtMs: Date.now() };
    await catalogue.insert(stored);
  });
  if (!stored) throw new Error('unreachable');
  return stored;
}

const present = (file: StoredFile, sourceUrl: string) => ({
  id: file.id,
  reference: null,
  name: file.name,
  size: file.size,
  extension: file.extension,
  mime_type: file.mimeType,
  created_by: file.endUserId,
  created_at: Math.floor(file.createdAtMs / 1000),
  preview_url: null,
  source_url: sourceUrl,
  original_url: null,
  user_id: null,
  tenant_id: file.tenantId,
  conversation_id: null,
  file_key: null,
});

import { pipeline } from 'node:stream/promises';
import { ApiError, isUuid, type FileOrigin, type FileStorage, type StoredFile } from '@millrace/contracts';
import type { SignedLinks } from '@millrace/files';
import { create as contentDisposition } from 'content-disposition';
import type { Request, RequestHandler, Response } from 'express';

export interface DownloadDeps {
  storage: FileStorage;
  links: Pick<SignedLinks, 'verify'>;
  findForLink: (fileId: string) => Promise<StoredFile | undefined>;
}

/** Shown by browsers as they are; anything else could run in them and is saved instead. */
const shownTypes =
  /^(image\/(png|jpeg|gif|webp|avif|bmp)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+|text\/plain|application\/pdf)$/;

/** A stored file behind a signed link (service-api 6.5); needs no key. */
export const downloadFile =
  ({ storage, links, findForLink }: DownloadDeps, origin: FileOrigin): RequestHandler =>
  async (req, res) => {
    const id = fileIdOf(req);
    const query = (name: string): string => (typeof req.query[name] === 'string' ? req.query[name] : '');
    const signature = { timestamp: query('timestamp'), nonce: query('nonce'), sign: query('sign') };
    const file = await findForLink(id);
    // A wrong signature is answered alike whether there is such a file or not.
    if (file?.origin !== origin || !links.verify(file, id, signature)) throw new ApiError('file_access_denied');
    const blob = await storage.open({ tenantId: file.tenantId, fileId: file.id });
    if (!blob) throw new ApiError('file_not_found');
    setHeaders(res, file, isTrue(query('as_attachment')));
    const range = rangeOf(req, res, blob.size);
    if (range === 'unsatisfiable') return void res.status(416).end();
    res.setHeader('Content-Length', range ? range.end - range.start + 1 : blob.size);
    if (req.method === 'HEAD' || blob.size === 0) return void res.end();
    await send(res, blob.read(range));
  };

/** The id in the path; tool files have an extension behind it. */
function fileIdOf(req: Request): string {
  const [id = ''] = String(req.params['file_id']).split('.', 1);
  if (!isUuid(id)) throw new ApiError('file_not_found');
  return id.toLowerCase();
}

const isTrue = (text: string): boolean => /^(true|1|yes|on)$/i.test(text);

function setHeaders(res: Response, { mimeType, name }: StoredFile, asAttachment: boolean): void {
  const type = mimeType.toLowerCase();
  const shown = !asAttachment && shownTypes.test(type);
  res.setHeader('Content-Type', shown ? type : 'application/octet-stream');
  res.setHeader(
    'Content-Disposition',
    contentDisposition(name.toWellFormed(), { type: shown ? 'inline' : 'attachment' }),
  );
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  res.setHeader('Referrer-Policy', 'no-referrer');
  // The link is the key: no shared cache may keep what it opens.
  res.setHeader('Cache-Control', 'private, max-age=300');
  res.setHeader('Accept-Ranges', 'bytes');
}

/** One range is served; several, or none that can be read, count as none. */
function rangeOf(
  req: Request,
  res: Response,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const ranges = req.range(size);
  if (ranges === -1) {
    res.setHeader('Content-Range', `bytes */${size}`);
    return 'unsatisfiable';
  }
  if (ranges === undefined || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  const [range] = ranges;
  if (!range) return undefined;
  res.status(206).setHeader('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  return range;
}

async function send(res: Response, content: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(content, res);
  } catch (error) {
    // The client went away in the middle; it will ask again if it wants to.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

import { parse } from 'content-disposition';
import mime from 'mime-types';

export const unknownMimeType = 'application/octet-stream';

/** The MIME type a name suggests. */
export const mimeTypeOf = (filename: string): string | undefined => mime.lookup(filename) || undefined;

/** The usual extension of a MIME type, with its dot. */
export function extensionFor(mimeType: string): string | undefined {
  const extension = mime.extension(mimeType);
  return extension ? `.${extension}` : undefined;
}

/** `type/subtype` of a Content-Type header, lower case; empty when there is none. */
export const mediaType = (header: string | undefined): string => header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** The file name in a Content-Disposition header. */
export function dispositionFilename(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return parse(header).parameters['filename'] || undefined;
  } catch {
    return undefined; // a header that nobody can read names nothing
  }
}

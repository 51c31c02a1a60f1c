import type { Request } from 'express';

/** The address that download links of a request begin with; empty when it cannot be told, which gives paths. */
export type FilesBase = (req: Request) => string;

const host = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;

/**
 * @param configured FILES_URL. Without it, links lead to where the request came: only its own caller gets them.
 */
export function createFilesBase(configured: string | undefined): FilesBase {
  const fixed = configured?.replace(/\/+$/, '');
  return (req) => {
    if (fixed !== undefined) return fixed;
    const named = req.headers.host ?? '';
    return host.test(named) ? `${req.protocol}://${named}` : '';
  };
}

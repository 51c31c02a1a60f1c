import type { BlobKey, FileStorage } from '@millrace/contracts';

/** Files whose time is over (implemented by `@millrace/store`). */
export interface ExpiredFiles {
  expired(limits: { uploadsBeforeMs?: number; toolFilesBeforeMs?: number }, limit: number): Promise<BlobKey[]>;
  forget(fileIds: readonly string[]): Promise<void>;
}

export interface SweepOptions {
  storage: Pick<FileStorage, 'remove' | 'sweep'>;
  catalogue: ExpiredFiles;
  /** Days that uploads are kept; absent: for ever. */
  uploadDays?: number | undefined;
  /** Days that files made by nodes are kept: as long as the history of their runs. */
  toolFileDays: number;
  nowMs: number;
}

const dayMs = 86_400_000;
const batch = 200;

/**
 * Removes files that are past their time or whose app is gone, and drafts of uploads that were cut off by a crash.
 * The content goes before the row, so that a crash in between is made good by the next sweep. Idempotent.
 */
export async function sweepFiles(options: SweepOptions): Promise<{ files: number; drafts: number }> {
  const { storage, catalogue, uploadDays, toolFileDays, nowMs } = options;
  const limits = {
    ...(uploadDays === undefined ? {} : { uploadsBeforeMs: nowMs - uploadDays * dayMs }),
    toolFilesBeforeMs: nowMs - toolFileDays * dayMs,
  };
  let files = 0;
  for (;;) {
    const expired = await catalogue.expired(limits, batch);
    for (const key of expired) await storage.remove(key);
    await catalogue.forget(expired.map(({ fileId }) => fileId));
    files += expired.length;
    if (expired.length < batch) break;
  }
  return { files, drafts: await storage.sweep(nowMs - dayMs) };
}

import { randomUUID } from 'node:crypto';
import { sweepFiles } from './sweep-files.js';

const nowMs = 1_790_000_000_000;
const dayMs = 86_400_000;

it('removes the content before the row, batch by batch, until nothing is left', async () => {
  const left = Array.from({ length: 450 }, () => ({ tenantId: randomUUID(), fileId: randomUUID() }));
  const removed = new Set<string>();
  const asked: object[] = [];
  let sweptBefore = 0;
  const swept = await sweepFiles({
    nowMs,
    toolFileDays: 30,
    storage: {
      remove: async ({ fileId }) => void removed.add(fileId),
      sweep: async (beforeMs) => {
        sweptBefore = beforeMs;
        return 3;
      },
    },
    catalogue: {
      async expired(limits, limit) {
        asked.push(limits);
        return left.slice(0, limit);
      },
      async forget(ids) {
        expect(ids.every((id) => removed.has(id))).toBe(true);
        left.splice(0, ids.length);
      },
    },
  });
  expect(swept).toEqual({ files: 450, drafts: 3 });
  expect(left).toEqual([]);
  expect(asked[0]).toEqual({ toolFilesBeforeMs: nowMs - 30 * dayMs });
  expect(sweptBefore).toBe(nowMs - dayMs);
});

it('keeps uploads for as long as it is told', async () => {
  let asked: object = {};
  const none = async () => undefined;
  await sweepFiles({
    ...{ nowMs, toolFileDays: 1, uploadDays: 7 },
    storage: { remove: none, sweep: async () => 0 },
    catalogue: {
      forget: none,
      async expired(limits) {
        asked = limits;
        return [];
      },
    },
  });
  expect(asked).toEqual({ toolFilesBeforeMs: nowMs - dayMs, uploadsBeforeMs: nowMs - 7 * dayMs });
});

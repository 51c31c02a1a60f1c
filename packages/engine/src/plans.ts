import type { ValueObject, VersionSource } from '@millrace/contracts';
import { compilePlan, parseJson, type Plan } from '@millrace/graph';

/** A version whose plan cannot be built, or that does not exist. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Compiled plans by version. Versions are immutable, so an entry is never stale. */
export interface Plans {
  /** @throws PlanError when there is no such version or it cannot be run; other errors mean "try again" */
  plan(tenantId: string, versionId: string): Promise<Plan>;
}

/** @param capacity plans kept; the least recently used one goes first. Default 1000 */
export function createPlans(
  versions: VersionSource,
  supportedTypes: ReadonlySet<string>,
  { capacity = 1000 }: { capacity?: number } = {},
): Plans {
  const cache = new Map<string, Promise<Plan>>();

  const load = async (tenantId: string, versionId: string): Promise<Plan> => {
    const version = await versions.version(tenantId, versionId);
    if (!version) throw new PlanError(`workflow version ${versionId} does not exist`);
    const compiled = compilePlan(parseJson(version.workflow) as ValueObject, { supportedTypes });
    if (!compiled.ok) throw new PlanError(compiled.error);
    return compiled.plan;
  };

  return {
    plan(tenantId, versionId) {
      const key = `${tenantId}/${versionId}`;
      const known = cache.get(key);
      if (known) {
        cache.delete(key);
        cache.set(key, known);
        return known;
      }
      const loading = load(tenantId, versionId);
      cache.set(key, loading);
      loading.catch(() => cache.delete(key));
      const oldest = cache.keys().next();
      if (cache.size > capacity && !oldest.done) cache.delete(oldest.value);
      return loading;
    },
  };
}

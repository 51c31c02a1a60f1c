import type { JsonText, NodeScope, RunContext, ValueObject } from '@millrace/contracts';
import { mayHoldFiles, parseJson, resolveSelector, type Plan } from '@millrace/graph';
import type { FreshLinks } from './fresh-links.js';

/** System variables of a run (dsl 2.7). */
export const systemVariables = (run: RunContext): ValueObject => ({
  files: run.files === undefined ? [] : parseJson(run.files),
  user_id: run.user,
  app_id: run.appId,
  workflow_id: run.versionId,
  workflow_run_id: run.runId,
  timestamp: Math.floor(run.createdAtMs / 1000),
});

/** The variables one node execution may read: fetched outputs by node id, parsed when first asked for. */
export function createScope(
  plan: Plan,
  run: RunContext,
  keys: string[],
  reads: (JsonText | null)[],
  fresh: FreshLinks,
): NodeScope {
  const parsed = new Map<string, ValueObject | undefined>();
  const lookup = (first: string): ValueObject | undefined => {
    if (parsed.has(first)) return parsed.get(first);
    const value = read(first);
    parsed.set(first, value);
    return value;
  };
  const read = (first: string): ValueObject | undefined => {
    if (first === 'sys') return run.files === undefined ? systemVariables(run) : fresh(run, systemVariables(run));
    if (first === 'env') return plan.env;
    const text = reads[keys.indexOf(first)];
    if (typeof text !== 'string') return undefined;
    const value = parseJson(text) as ValueObject;
    return mayHoldFiles(text) ? fresh(run, value) : value;
  };
  return { get: (selector) => resolveSelector(lookup, selector, plan.root.id), secrets: plan.secrets };
}

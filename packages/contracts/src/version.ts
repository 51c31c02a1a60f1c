/** An immutable workflow version as workers load it. */
export interface WorkflowVersion {
  id: string;
  tenantId: string;
  appId: string;
  /** The `workflow` mapping of the file (graph, features, environment and conversation variables) as JSON text; secrets decrypted. */
  workflow: string;
}

/** Port: loads versions by tenant. Rejects when the store is unreachable. */
export interface VersionSource {
  version(tenantId: string, versionId: string): Promise<WorkflowVersion | undefined>;
}

import type { EdgeEntry, StreamTable, Value, ValueObject } from '@millrace/contracts';

/** A start-form variable as the file declares it (dsl 2.10); unknown keys are kept in `raw`. */
export interface FormVariable {
  variable: string;
  label: string;
  type: string;
  required: boolean;
  default: Value | undefined;
  /** Most characters (text) or files; `undefined` = no limit. */
  maxLength: number | undefined;
  options: string[];
  raw: ValueObject;
}

export interface PlanEdge {
  index: number;
  source: number;
  target: number;
  /** `success-branch` is already folded into `source` (dsl 3.6). */
  handle: string;
}

/** A node of the root graph, compiled. */
export interface PlanNode {
  /** Position in `Plan.nodes`; the number the run state knows the node by. */
  index: number;
  id: string;
  /** `data.type`, aliases folded (`variable-assigner` → `variable-aggregator`). */
  type: string;
  title: string;
  data: ValueObject;
  kind: 'root' | 'branch' | 'container' | 'response' | 'executable';
  /** Outgoing and incoming edges in file order; edges of nodes that can never run are left out of `in`. */
  out: PlanEdge[];
  in: PlanEdge[];
  errorStrategy: 'none' | 'fail-branch' | 'default-value';
  /** Converted `default_value` (dsl 1.5). */
  defaultValue: ValueObject;
  /** Zero retries when the type does not support them or they are off. */
  retry: { maxRetries: number; intervalMs: number };
  /** Keys of the pool its configuration refers to: ids of nodes, without `sys`, `env`, `conversation`. */
  reads: string[];
  /** Selectors of this node that End nodes stream: number in `Plan.stream` and full path. */
  streams: { sel: number; selector: string[] }[];
}

/** A validated workflow, ready to run. Immutable; built once per version. */
export interface Plan {
  nodes: PlanNode[];
  edges: PlanEdge[];
  root: PlanNode;
  form: FormVariable[];
  /** Environment variables by name. */
  env: Record<string, Value>;
  /** Values of the secret ones among them, without empty ones. */
  secrets: string[];
  features: ValueObject;
  stream: StreamTable;
  /** Edge tables by `<node>:<handle>`, filled on demand by `edgeTable` while there is room for their characters. */
  tables: Map<string, string>;
  tableRoom: number;
}

export type { EdgeEntry };

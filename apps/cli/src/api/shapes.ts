import { z } from 'zod';

/** What the command line reads of the server's answers; everything else passes through to `--json`. */

export const app = z.looseObject({
  id: z.string(),
  name: z.string(),
  enable_api: z.boolean().default(true),
  created_at: z.number().default(0),
});
export type App = z.infer<typeof app>;

export const imported = z.looseObject({
  id: z.string(),
  status: z.enum(['completed', 'completed-with-warnings', 'pending', 'failed']),
  app_id: z.string().nullish(),
  error: z.string().default(''),
  warnings: z.array(z.string()).default([]),
  imported_dsl_version: z.string().default(''),
  current_dsl_version: z.string().default(''),
});
export type ImportResult = z.infer<typeof imported>;

export const apiKey = z.looseObject({
  id: z.string(),
  token: z.string(),
  created_at: z.number().default(0),
  last_used_at: z.number().nullish(),
});
export type ApiKey = z.infer<typeof apiKey>;

export const limitNames = ['maxConcurrentRuns', 'maxQueuedRuns', 'runsPerMinute', 'weight'] as const;
export type Limits = Partial<Record<(typeof limitNames)[number], number>>;

export const tenant = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string().default('normal'),
  limits: z.partialRecord(z.enum(limitNames), z.number()).default({}),
  consoleKey: z.string().optional(),
});
export type Tenant = z.infer<typeof tenant>;

const endUser = z.looseObject({ session_id: z.string() }).nullish();

const runFields = {
  id: z.string(),
  status: z.string(),
  error: z.string().nullish(),
  elapsed_time: z.number().default(0),
  total_tokens: z.number().default(0),
  total_steps: z.number().default(0),
  created_at: z.number(),
  finished_at: z.number().nullish(),
  created_by_end_user: endUser,
  app_id: z.string(),
  task_id: z.string(),
  trace_id: z.string(),
  otel_trace_id: z.string().nullish(),
};
export const runRow = z.looseObject({ ...runFields, app_name: z.string().nullish() });
export type RunRow = z.infer<typeof runRow>;

export const runPage = z.looseObject({ has_more: z.boolean(), data: z.array(runRow) });

export const runDetail = z.looseObject({
  ...runFields,
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
});
export type RunDetail = z.infer<typeof runDetail>;

export const nodeExecution = z.looseObject({
  id: z.string(),
  node_id: z.string(),
  node_type: z.string(),
  title: z.string(),
  status: z.string(),
  error: z.string().nullish(),
  elapsed_time: z.number().default(0),
  inputs: z.unknown().optional(),
  process_data: z.unknown().optional(),
  outputs: z.unknown().optional(),
  execution_metadata: z
    .looseObject({
      total_tokens: z.number().nullish(),
      total_price: z.union([z.string(), z.number()]).nullish(),
      currency: z.string().nullish(),
    })
    .nullish(),
  created_at: z.number().nullish(),
  retry_index: z.number().nullish(),
  iteration_id: z.string().nullish(),
  loop_id: z.string().nullish(),
  started_at_ms: z.number().nullish(),
  finished_at_ms: z.number().nullish(),
});
export type NodeExecution = z.infer<typeof nodeExecution>;

/** A variable of an app's start form. */
export const formVariable = z.looseObject({
  variable: z.string(),
  label: z.string().nullish(),
  required: z.boolean().nullish(),
  options: z.array(z.unknown()).nullish(),
});
export interface FormVariable extends z.infer<typeof formVariable> {
  /** `text-input`, `number`, `file`, … */
  kind: string;
}

export const parameters = z
  .looseObject({ user_input_form: z.array(z.record(z.string(), formVariable)).default([]) })
  .transform(({ user_input_form }): FormVariable[] =>
    user_input_form.flatMap((entry) => Object.entries(entry).map(([kind, variable]) => ({ ...variable, kind }))),
  );

export const uploadedFile = z.looseObject({
  id: z.string(),
  extension: z.string().nullish(),
  mime_type: z.string().nullish(),
});

export const runEvent = z.looseObject({
  event: z.string(),
  task_id: z.string().nullish(),
  workflow_run_id: z.string().nullish(),
  /** The SSE id, which is not in the server's JSON. */
  event_id: z.string().optional(),
});
/** One event of a run's stream. */
export type RunEvent = z.infer<typeof runEvent>;

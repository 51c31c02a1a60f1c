-- Written by packages/store/scripts/schema-sql.mjs, then finished by hand: PARTITION BY on the run-shaped
-- tables, and everything under "By hand". Why, is in packages/store/DECISIONS.md.

-- CreateTable
CREATE TABLE "tenants" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'normal',
    "limits" TEXT NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "console_keys" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "console_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "apps" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "mode" TEXT NOT NULL DEFAULT 'workflow',
    "icon_type" TEXT,
    "icon" TEXT,
    "icon_background" TEXT,
    "enable_api" BOOLEAN NOT NULL DEFAULT true,
    "status" TEXT NOT NULL DEFAULT 'normal',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "apps_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "workflow_versions" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "workflow" TEXT NOT NULL,
    "marked_name" TEXT NOT NULL DEFAULT '',
    "marked_comment" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workflow_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "app_keys" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "app_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "end_users" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "session_id" TEXT NOT NULL,
    "is_anonymous" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "end_users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pending_imports" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "payload" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pending_imports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provider_credentials" (
    "tenant_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_credentials_pkey" PRIMARY KEY ("tenant_id","provider")
);

-- CreateTable
CREATE TABLE "runs" (
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "version_label" TEXT NOT NULL,
    "task_id" UUID NOT NULL,
    "shard" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL DEFAULT 1,
    "status" TEXT NOT NULL DEFAULT 'accepted',
    "end_user_id" UUID NOT NULL,
    "session_id" TEXT NOT NULL,
    "inputs" TEXT NOT NULL,
    "context" TEXT NOT NULL,
    "outputs" TEXT,
    "error" TEXT,
    "error_code" TEXT,
    "elapsed_seconds" DOUBLE PRECISION,
    "total_tokens" BIGINT NOT NULL DEFAULT 0,
    "total_steps" INTEGER NOT NULL DEFAULT 0,
    "exceptions_count" INTEGER NOT NULL DEFAULT 0,
    "finished_at" TIMESTAMPTZ(3),
    "trace_id" TEXT NOT NULL,
    "triggered_from" TEXT NOT NULL DEFAULT 'app-run',
    "created_from" TEXT NOT NULL DEFAULT 'service-api',

    CONSTRAINT "runs_pkey" PRIMARY KEY ("id","created_at")
) PARTITION BY RANGE ("created_at");

-- CreateTable
CREATE TABLE "node_executions" (
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "run_id" UUID NOT NULL,
    "execution_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "app_id" UUID NOT NULL,
    "frame" INTEGER NOT NULL,
    "node" INTEGER NOT NULL,
    "node_id" TEXT NOT NULL,
    "node_type" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "handle" TEXT NOT NULL,
    "tokens" BIGINT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "started_event_id" TEXT NOT NULL,
    "finished_event_id" TEXT NOT NULL,
    "started_event" TEXT NOT NULL,
    "finished_event" TEXT NOT NULL,

    CONSTRAINT "node_executions_pkey" PRIMARY KEY ("created_at","run_id","execution_id")
) PARTITION BY RANGE ("created_at");

-- CreateTable
CREATE TABLE "run_archives" (
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "run_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "event_count" INTEGER NOT NULL,
    "codec" TEXT NOT NULL,
    "events" BYTEA NOT NULL,

    CONSTRAINT "run_archives_pkey" PRIMARY KEY ("created_at","run_id")
) PARTITION BY RANGE ("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "console_keys_hash_key" ON "console_keys"("hash");

-- CreateIndex
CREATE INDEX "console_keys_tenant_id_idx" ON "console_keys"("tenant_id");

-- CreateIndex
CREATE INDEX "apps_tenant_id_created_at_idx" ON "apps"("tenant_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "workflow_versions_app_id_version_key" ON "workflow_versions"("app_id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "app_keys_hash_key" ON "app_keys"("hash");

-- CreateIndex
CREATE INDEX "app_keys_app_id_idx" ON "app_keys"("app_id");

-- CreateIndex
CREATE INDEX "end_users_app_id_idx" ON "end_users"("app_id");

-- CreateIndex
CREATE INDEX "pending_imports_tenant_id_idx" ON "pending_imports"("tenant_id");

-- CreateIndex
CREATE INDEX "runs_app_id_id_idx" ON "runs"("app_id", "id");

-- CreateIndex
CREATE INDEX "runs_task_id_idx" ON "runs"("task_id");

-- AddForeignKey
ALTER TABLE "console_keys" ADD CONSTRAINT "console_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "apps" ADD CONSTRAINT "apps_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_keys" ADD CONSTRAINT "app_keys_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "end_users" ADD CONSTRAINT "end_users_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pending_imports" ADD CONSTRAINT "pending_imports_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_credentials" ADD CONSTRAINT "provider_credentials_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand ------------------------------------------------------------------------------------------

-- The reconciler's look at accepted runs that have not ended; a run leaves the index with its ending.
CREATE INDEX "runs_unfinished_idx" ON "runs"("shard", "id") WHERE "status" = 'accepted';

-- Archives arrive compressed: compressing them again would only cost time.
ALTER TABLE "run_archives" ALTER COLUMN "events" SET STORAGE EXTERNAL;

-- Makes the daily partitions (UTC) of all run-shaped tables from first_day to last_day, both included;
-- those that exist are left alone. Returns how many were made.
-- A table is made first and then attached, because ATTACH takes a weaker lock than CREATE … PARTITION OF:
-- runs are inserted meanwhile. The advisory lock lets every process call this at any time.
CREATE FUNCTION "millrace_ensure_partitions"("first_day" DATE, "last_day" DATE) RETURNS INTEGER
LANGUAGE plpgsql AS $$
DECLARE
  parent TEXT;
  day DATE;
  part TEXT;
  made INTEGER := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('millrace_partitions'));
  FOREACH parent IN ARRAY ARRAY['runs', 'node_executions', 'run_archives'] LOOP
    day := first_day;
    WHILE day <= last_day LOOP
      part := parent || '_' || to_char(day, 'YYYYMMDD');
      IF to_regclass(quote_ident(part)) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE)', part, parent);
        EXECUTE format(
          'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
          parent, part, day::TEXT || ' 00:00:00+00', (day + 1)::TEXT || ' 00:00:00+00'
        );
        made := made + 1;
      END IF;
      day := day + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- Enough to accept runs at once; later ones are made ahead by the running services.
SELECT "millrace_ensure_partitions"(
  (now() AT TIME ZONE 'UTC')::DATE - 1,
  (now() AT TIME ZONE 'UTC')::DATE + 7
);

-- CreateIndex
CREATE INDEX "runs_trace_id_idx" ON "runs" USING HASH ("trace_id");

-- By hand: runs whose caller gave an id that is no OpenTelemetry trace id are known to the trace backend under
-- another one, which their context carries. Rare, hence partial: most runs cost nothing here.
CREATE INDEX "runs_otel_trace_id_idx" ON "runs" (substring("context" FROM '"traceparent":"00-([0-9a-f]{32})'))
WHERE "trace_id" !~ '^[0-9a-f]{32}$';

/** The metrics of a running fleet as a real Prometheus sees them, with the configuration, rules and dashboards of `infra/`. */
import { newId, newRunId } from '@millrace/contracts';
import { createStore } from '@millrace/store';
import { metricDefinitions } from '@millrace/telemetry';
import {
  code,
  end,
  http,
  llm,
  promtool,
  providePrometheus,
  start,
  startHttpTarget,
  startModelServer,
  startOtlpReceiver,
  startPrometheus,
  testKeys,
  workflowFile,
  type HttpTarget,
  type ModelServer,
  type OtlpReceiver,
  type TestPrometheus,
} from '@millrace/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';
import { ask, chain5, fetchAndBranch } from '../workflows.js';
import { queriesOf, readDashboards } from './dashboard-files.js';

const programs = await providePrometheus();
if (!programs) {
  process.stderr.write('Skipped: Prometheus is not installed and apt cannot provide it (package "prometheus").\n');
}
const withPrometheus = programs ? describe : describe.skip;

withPrometheus('promtool', () => {
  if (!programs) return;

  it('accepts the configuration and the rules', async () => {
    expect(await promtool(programs, ['check', 'config', 'prometheus.yml'])).toMatchObject({ status: 0 });
    expect(await promtool(programs, ['check', 'rules', 'alerts.yml'])).toMatchObject({ status: 0 });
  }, 60_000);

  it('sees each alert fire, and only when it should', async () => {
    const { status, output } = await promtool(programs, ['test', 'rules', 'alerts.test.yml']);
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  }, 60_000);
});

withPrometheus('a fleet that Prometheus scrapes', () => {
  if (!programs) return;
  let fleet: Fleet;
  let model: ModelServer;
  let target: HttpTarget;
  let otlp: OtlpReceiver;
  let prometheus: TestPrometheus;
  let traffic: Awaited<ReturnType<typeof prepareTraffic>>;

  /** What has been opened, also when the opening of the rest fails. */
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    [otlp, target, model] = await Promise.all([
      startOtlpReceiver(),
      startHttpTarget({ body: 'gold' }),
      startModelServer((request) => (request.body['model'] === 'broken' ? { status: 400 } : {})),
    ]);
    closing.push(otlp.close, target.close, model.close);
    fleet = await Fleet.start({ gateways: 2, workers: 2, env: { ...otlp.env, OTEL_BSP_SCHEDULE_DELAY: '100' } });
    closing.push(() => fleet.stop());
    await fleet.saveModel(model.baseUrl);
    const processes = [...fleet.gateways, ...fleet.workers, ...fleet.recorders];
    prometheus = await startPrometheus(
      programs,
      processes.map(({ port }) => `127.0.0.1:${port}`),
    );
    closing.push(prometheus.close);
    traffic = await prepareTraffic(fleet, target.url);
  }, 180_000);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  }, 90_000);

  it('has the metrics of the catalogue, in each process its own, named as promtool wants them', async () => {
    await traffic.round();
    for (const { name, url } of [...fleet.gateways, ...fleet.workers, ...fleet.recorders]) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const found = [...text.matchAll(/^# TYPE (millrace_\w+) (\w+)$/gm)].map(
        ([, metric, type]) => `${metric} ${type}`,
      );
      const wanted = metricDefinitions.filter((each) => each.in.some((service) => service === name));
      expect([name, found.sort()]).toEqual([name, wanted.map((each) => `${each.name} ${each.type}`).sort()]);
      const { output } = await promtool(programs, ['check', 'metrics'], text);
      expect(output.split('\n').filter((line) => line.startsWith('millrace_'))).toEqual([]);
    }
  }, 120_000);

  it('gives every panel of every dashboard its data', async () => {
    let missing = queriesOf(await readDashboards());
    expect(missing.length).toBeGreaterThan(80);
    const until = Date.now() + 150_000;
    // Most queries need several scrapes with something new in between.
    while (missing.length > 0 && Date.now() < until) {
      await traffic.round();
      await pause(1500);
      const answers = await Promise.all(missing.map(({ expr }) => prometheus.query(expr)));
      missing = missing.filter((_, i) => !answers[i]?.some(({ value }) => Number.isFinite(value)));
    }
    expect(missing).toEqual([]);
  }, 240_000);

  it('tells tenants, models and processes apart', async () => {
    const labels = async (expr: string, ...names: string[]): Promise<string[]> =>
      (await prometheus.query(expr)).map(({ metric }) => names.map((name) => metric[name]).join(' ')).sort();
    expect(await labels('count by (tenant) (millrace_tenant_runs_ended_total)', 'tenant')).toEqual(traffic.tenants);
    expect(
      await labels('count by (provider, model) (millrace_model_duration_seconds_count)', 'provider', 'model'),
    ).toEqual(expect.arrayContaining(['openai test-model']));
    expect(
      await labels(
        'count by (service) (up{job="millrace"} == 1) or count by (service) (millrace_postgres_connections_max)',
        'service',
      ),
    ).toEqual(expect.arrayContaining(['gateway', 'recorder', 'worker']));
    expect((await prometheus.query('sum(up{job="millrace"})'))[0]?.value).toBe(5);
    const tokens = await prometheus.query('sum by (direction) (millrace_model_tokens_total{model="test-model"})');
    expect(tokens.map(({ value }) => value > 0)).toEqual([true, true]);
  }, 60_000);

  it('leads from a latency histogram to the trace of a run, and from a run id to its trace', async () => {
    const { runId, headers } = await traffic.traced();
    const traceId = headers.get('traceparent')?.slice(3, 35) ?? '';
    const metric = 'millrace_run_duration_seconds_bucket';
    const now = Date.now() / 1000;
    let found: string[] = [];
    for (let tries = 0; tries < 100 && !found.includes(traceId); tries++) {
      await pause(500);
      const range = `start=${now - 600}&end=${now + 600}`;
      const series = await prometheus.get<{ exemplars: { labels: { trace_id: string } }[] }[]>(
        `query_exemplars?query=${metric}&${range}`,
      );
      found = series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
    }
    expect(found).toContain(traceId);

    // What the dashboard "a run" asks the trace store for.
    const run = (await readDashboards()).get('run');
    const search = run?.panels.flatMap(({ targets = [] }) => targets).find(({ tags }) => tags !== undefined);
    expect(search?.tags).toBe('millrace.run.id="${run_id}"');
    const spans = await otlp.until((all) => all.some(({ attributes }) => attributes['millrace.run.id'] === runId));
    const own = spans.filter(
      ({ service, attributes }) => service === search?.service && attributes['millrace.run.id'] === runId,
    );
    expect([...new Set(own.map((span) => span.traceId))]).toEqual([traceId]);
  }, 90_000);

  it('counts what the reconciler repairs', async () => {
    const store = createStore({ databaseUrl: fleet.postgres.url, secretKey: testKeys.MILLRACE_SECRET_KEY });
    const createdAtMs = Date.now() - 30_000;
    const context = {
      ...{ runId: newRunId(createdAtMs), shard: 0, tenantId: newId(), appId: newId(), versionId: newId() },
      ...{ taskId: newId(), endUserId: newId(), user: 'u', traceId: 't', trace: {}, createdAtMs },
    };
    try {
      // A run of which Redis never heard, as a gateway leaves it that is killed in between.
      await store.runs.insertAccepted({ context, versionLabel: 'v', inputs: '{}' });
      const restored = async (): Promise<number> =>
        (await prometheus.query('sum(millrace_reconciler_actions_total{action="run_restored"})'))[0]?.value ?? 0;
      while ((await restored()) < 1) await pause(500);
      expect(await restored()).toBe(1);
    } finally {
      await store.close();
    }
  }, 60_000);

  it('loads the alerts, and none fires', async () => {
    const { groups } = await prometheus.get<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>(
      'rules',
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health, state }) => health !== 'ok' || state === 'firing')).toEqual([]);
  }, 60_000);
});

const ofModel = (name: string) => ({
  model: { provider: 'langgenius/openai/openai', name, mode: 'chat', completion_params: {} },
});

/** Apps of two tenants, and runs of them that end well and badly. */
async function prepareTraffic(fleet: Fleet, targetUrl: string) {
  const broken = workflowFile({
    nodes: [start(), llm('model', 'Say', ofModel('broken')), end({ x: ['model', 'text'] })],
  });
  const refused = workflowFile({ nodes: [start(), http('call', 'http://127.0.0.1:1/'), end({ x: ['call', 'body'] })] });
  const python = workflowFile({
    nodes: [
      start([{ variable: 'text' }]),
      code('double', 'def main(x):\n    return {"y": x * 2}', { x: ['start', 'text'] }, { y: 'string' }),
      end({ y: ['double', 'y'] }),
    ],
  });
  const files = [chain5(), ask(), fetchAndBranch(targetUrl), python, broken, refused];
  const clients: Client[] = [];
  for (const file of files) clients.push(new Client(fleet.url(), (await fleet.publish(file)).apiKey));
  const [chain, asking] = clients as [Client, Client];
  const other = await secondTenant(fleet);
  const inputs = { text: 't', question: 'q', name: 'n' };
  const all = [...clients, new Client(fleet.url(1), other.apiKey)];
  const { data: tenants } = await fleet.console<{ data: { id: string }[] }>('GET', 'tenants');
  return {
    tenants: tenants.map(({ id }) => id).sort(),
    async round() {
      await Promise.all([
        ...all.map((client) => client.blocking(inputs)),
        chain.stream(inputs).then(collect),
        asking.stream(inputs).then(collect),
      ]);
    },
    async traced() {
      const run = await chain.stream(inputs);
      await collect(run);
      return run;
    },
  };
}

async function secondTenant(fleet: Fleet): Promise<{ apiKey: string }> {
  const { id } = await fleet.console<{ id: string }>('POST', 'tenants', { name: 'Second' });
  const call = async <T>(path: string, body: object): Promise<T> => {
    const response = await fetch(`${fleet.url()}/console/api/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${testKeys.MILLRACE_ADMIN_KEY}`,
        'content-type': 'application/json',
        'x-tenant-id': id,
      },
      body: JSON.stringify(body),
    });
    return (await response.json()) as T;
  };
  const { app_id: appId } = await call<{ app_id: string }>('apps/imports', {
    mode: 'yaml-content',
    yaml_content: chain5(),
  });
  await call(`apps/${appId}/workflows/publish`, {});
  const { token } = await call<{ token: string }>(`apps/${appId}/api-keys`, {});
  return { apiKey: token };
}

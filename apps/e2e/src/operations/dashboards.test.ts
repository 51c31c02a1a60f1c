import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metricDefinitions, type MetricDefinition } from '@millrace/telemetry';
import { repositoryRoot } from '@millrace/testing';
import { parse } from 'yaml';
import { dashboardSources, queriesOf, readDashboards } from './dashboard-files.js';

const read = (path: string): Promise<string> => readFile(join(repositoryRoot, path), 'utf8');
const dashboards = await readDashboards();
const byName = new Map(metricDefinitions.map((definition) => [definition.name as string, definition]));

interface Alert {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}
const alerts = (parse(await read('infra/prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

/** Metrics of Millrace in a query, with the labels that it picks or sums by. */
function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\b(millrace_\w+)/g)].map(([, name = '']) => name);
}
function definitionOf(name: string): MetricDefinition | undefined {
  const found = byName.get(name);
  if (found?.type === 'histogram') return undefined; // only its parts are series
  const base = byName.get(name.replace(/_(bucket|sum|count)$/, ''));
  return found ?? (base?.type === 'histogram' ? base : undefined);
}
const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map((label) => label.trim())),
  ...[...expr.matchAll(/(\w+)\s*(?:=~|!=|=)\s*"/g)].map(([, label = '']) => label),
];
/** What Prometheus and every process put on all series. */
const everywhere = ['le', 'job', 'instance', 'service', ''];

/** Metrics and labels of a query that do not exist. */
function unknownIn(expr: string): string[] {
  const names = metricsIn(expr);
  const definitions = names.flatMap((name) => definitionOf(name) ?? []);
  const labels = new Set<string>([...everywhere, ...definitions.flatMap(({ labels: own = [] }) => own)]);
  return [...names.filter((name) => !definitionOf(name)), ...labelsIn(expr).filter((label) => !labels.has(label))];
}

describe('the check of queries', () => {
  it('finds what does not exist', () => {
    expect(unknownIn('sum by (shard) (millrace_queue_jobs{state="waiting"})')).toEqual([]);
    expect(unknownIn('millrace_queue_job')).toEqual(['millrace_queue_job']);
    expect(unknownIn('sum by (tenant) (millrace_queue_jobs)')).toEqual(['tenant']);
    expect(unknownIn('rate(millrace_node_wait_seconds[5m])')).toEqual(['millrace_node_wait_seconds']);
  });
});

describe('the dashboards', () => {
  it('are what they are made of (else: node infra/grafana/build.mjs)', async () => {
    expect(Object.fromEntries(dashboards)).toEqual(await dashboardSources());
    expect([...dashboards.keys()]).toEqual(['fleet', 'history', 'models', 'queue', 'redis', 'run', 'tenants']);
  });

  it('have panels with a place, an id and a datasource that is provisioned', async () => {
    const provisioned = parse(await read('infra/grafana/provisioning/datasources/millrace.yml')) as {
      datasources: { uid: string; type: string }[];
    };
    const known = provisioned.datasources.map(({ uid, type }) => `${type} ${uid}`);
    expect(new Set([...dashboards.values()].map(({ uid }) => uid)).size).toBe(dashboards.size);
    for (const [name, { panels }] of dashboards) {
      expect([name, new Set(panels.map(({ id }) => id)).size]).toEqual([name, panels.length]);
      const taken = new Set<string>();
      for (const { type, title, gridPos, targets = [], datasource } of panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect([title, x < 24, taken.has(`${x} ${y}`)]).toEqual([title, true, false]);
            taken.add(`${x} ${y}`);
          }
        }
        if (type === 'text') continue;
        expect([title, targets.length > 0]).toEqual([title, true]);
        for (const used of [datasource, ...targets.map((target) => target.datasource)]) {
          expect(known).toContain(`${used?.type} ${used?.uid}`);
        }
      }
    }
  });

  it('ask for metrics and labels that exist', () => {
    const wrong = queriesOf(dashboards).map(({ where, expr }) => [where, unknownIn(expr)]);
    expect(wrong.filter(([, unknown]) => unknown?.length)).toEqual([]);
    for (const { templating } of dashboards.values()) {
      for (const { type, name, query } of templating.list) {
        if (type !== 'query' || typeof query === 'string') continue;
        const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
        expect([name, definitionOf(metric)?.labels]).toEqual([name, expect.arrayContaining([label])]);
      }
    }
  });
});

describe('the alerts', () => {
  it('ask for metrics and labels that exist', () => {
    const wrong = alerts.map(({ alert, expr }) => [alert, unknownIn(expr)]);
    expect(wrong.filter(([, unknown]) => unknown?.length)).toEqual([]);
  });

  it('say what to do, and where more is said', async () => {
    const page = await read('docs/alerts.md');
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(30);
      expect(annotations.runbook_url).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
      expect(['critical', 'warning']).toContain(labels.severity);
    }
  });

  it('each have a unit test that sees them fire', async () => {
    interface Case {
      exp_samples: { labels: string }[];
    }
    const { tests } = parse(await read('infra/prometheus/alerts.test.yml')) as {
      tests: { promql_expr_test: Case[] }[];
    };
    const fired = tests.flatMap(({ promql_expr_test: cases }) =>
      cases.flatMap(({ exp_samples }) => exp_samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1])),
    );
    expect([...new Set(fired)].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';

export interface Target {
  refId: string;
  datasource: Datasource;
  /** Of a panel of Prometheus. */
  expr?: string;
  /** Of a panel of the trace store: a trace id, or a search. */
  query?: string;
  service?: string;
  tags?: string;
}

interface Datasource {
  type: string;
  uid: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: Datasource;
  targets?: Target[];
}

export interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string; type: string; query: string | { query: string } }[] };
}

const folder = join(repositoryRoot, 'infra/grafana');

/** The dashboards as Grafana reads them, by file name without its ending. */
export async function readDashboards(): Promise<Map<string, Dashboard>> {
  const files = (await readdir(join(folder, 'dashboards'))).sort();
  const read = async (file: string): Promise<[string, Dashboard]> => {
    const text = await readFile(join(folder, 'dashboards', file), 'utf8');
    return [basename(file, '.json'), JSON.parse(text) as Dashboard];
  };
  return new Map(await Promise.all(files.map(read)));
}

/** What the dashboards are made of. */
export async function dashboardSources(): Promise<Record<string, Dashboard>> {
  const { dashboards } = (await import(join(folder, 'dashboards.mjs'))) as { dashboards: Record<string, Dashboard> };
  return dashboards;
}

export interface Query {
  /** Dashboard and panel, for messages. */
  where: string;
  expr: string;
}

/** Every query of Prometheus, with its variables in. */
export function queriesOf(dashboards: Map<string, Dashboard>): Query[] {
  return [...dashboards].flatMap(([name, { panels }]) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr }) =>
        expr === undefined ? [] : [{ where: `${name}: ${title}`, expr: substituted(expr) }],
      ),
    ),
  );
}

/** As Grafana does it, with everything chosen. */
export function substituted(expr: string): string {
  const done = expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll(/\$(tenant|provider|model)\b/g, '.*');
  if (done.includes('$')) throw new Error(`a variable that nobody sets: ${done}`);
  return done;
}

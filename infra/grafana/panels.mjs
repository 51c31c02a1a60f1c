// The few kinds of panels that the dashboards are made of. Format: Grafana's dashboard JSON (schema 39, Grafana 11 or later).

const prometheus = { type: 'prometheus', uid: 'prometheus' };
export const jaeger = { type: 'jaeger', uid: 'jaeger' };

/** Quantiles of a histogram over the interval of a pixel: one query each, with exemplars where there are some. */
export const quantiles = (metric, by = [], levels = [0.5, 0.95, 0.99]) =>
  levels.map((level) => ({
    expr: `histogram_quantile(${level}, sum by (${['le', ...by].join(', ')}) (rate(${metric}_bucket[$__rate_interval])))`,
    legend: `p${level * 100}${by.map((label) => ` {{${label}}}`).join('')}`,
    exemplar: level === Math.max(...levels),
  }));

/** Events a second, summed by labels. */
export const rate = (metric, by = [], legend = by.map((label) => `{{${label}}}`).join(' ')) => ({
  expr: `sum by (${by.join(', ')}) (rate(${metric}[$__rate_interval]))`,
  legend,
});

export const query = (expr, legend = '') => ({ expr, legend });

/** Lines over time. `queries`: `{ expr, legend }`. `max`: top of the axis. */
export const lines = (title, unit, queries, { description, width = 12, max, stack = false } = {}) => ({
  type: 'timeseries',
  title,
  ...(description && { description }),
  width,
  height: 8,
  datasource: prometheus,
  targets: queries.flat().map(target),
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      ...(max !== undefined && { max }),
      custom: { fillOpacity: stack ? 30 : 8, showPoints: 'never', ...(stack && { stacking: { mode: 'normal' } }) },
    },
    overrides: [],
  },
  options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'list', placement: 'bottom' } },
});

/** One number; `bad` is the value from which it is red. */
export const number = (title, unit, expr, { description, bad, width = 4 } = {}) => ({
  type: 'stat',
  title,
  ...(description && { description }),
  width,
  height: 4,
  datasource: prometheus,
  targets: [target(query(expr), 0)],
  fieldConfig: {
    defaults: {
      unit,
      color: { mode: 'thresholds' },
      thresholds: {
        mode: 'absolute',
        steps: [{ color: 'green', value: null }, ...(bad === undefined ? [] : [{ color: 'red', value: bad }])],
      },
    },
    overrides: [],
  },
  options: { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'auto' },
});

/** A table of the newest values, one row for each series. */
export const table = (title, unit, expr, { width = 12 } = {}) => ({
  type: 'table',
  title,
  width,
  height: 8,
  datasource: prometheus,
  targets: [{ ...target(query(expr), 0), instant: true, range: false, format: 'table' }],
  fieldConfig: { defaults: { unit }, overrides: [] },
  transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }],
  options: { sortBy: [{ displayName: 'Value', desc: true }] },
});

/** Panels of the trace store. */
export const traces = (type, title, search, { description, height = 10 } = {}) => ({
  type,
  title,
  ...(description && { description }),
  width: 24,
  height,
  datasource: jaeger,
  targets: [{ refId: 'A', datasource: jaeger, ...search }],
});

export const words = (content, { height = 4 } = {}) => ({
  type: 'text',
  title: '',
  width: 24,
  height,
  options: { mode: 'markdown', content },
});

const target = ({ expr, legend, exemplar }, index) => ({
  refId: String.fromCharCode(65 + index),
  datasource: prometheus,
  expr,
  legendFormat: legend === '' ? '__auto' : legend,
  ...(exemplar && { exemplar: true }),
});

/** A choice among the values of a label. */
export const choice = (name, metric, label = name) => ({
  name,
  type: 'query',
  datasource: prometheus,
  query: { query: `label_values(${metric}, ${label})`, refId: name },
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
});

export const input = (name, label) => ({
  name,
  label,
  type: 'textbox',
  query: '',
  current: { text: '', value: '' },
});

/** A whole dashboard: panels are laid out from left to right, 24 columns a row. */
export function dashboard({ uid, title, description, variables = [], panels, from = 'now-1h' }) {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const placed = panels.map(({ width, height, ...panel }, index) => {
    if (x + width > 24) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w: width, h: height };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    return { id: index + 1, gridPos, ...panel };
  });
  return {
    uid,
    title,
    description,
    tags: ['millrace'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from, to: 'now' },
    timezone: 'browser',
    links: [{ type: 'dashboards', title: 'Millrace', tags: ['millrace'], asDropdown: true, keepTime: true }],
    templating: { list: variables },
    annotations: { list: [] },
    panels: placed,
  };
}

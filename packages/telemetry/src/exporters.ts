/** What the standard variables `OTEL_<SIGNAL>_EXPORTER` and their endpoints ask for. */

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable's value; blank counts as unset. */
export const given = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;

export const exporterNames = ['otlp', 'otlp_file', 'console'] as const;
export type ExporterName = (typeof exporterNames)[number];

const isDisabled = (env: Env): boolean => given(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true';

/**
 * The exporters of traces or logs. Without `OTEL_<SIGNAL>_EXPORTER`, traces go to the OTLP endpoint if there is one; logs,
 * which are on standard output anyway, nowhere.
 * @throws Error when a name is not known
 */
export function exportersOf(env: Env, signal: 'TRACES' | 'LOGS'): ExporterName[] {
  if (isDisabled(env)) return [];
  const variable = `OTEL_${signal}_EXPORTER`;
  const wanted = namesIn(env, variable) ?? (signal === 'TRACES' && hasEndpoint(env, signal) ? ['otlp'] : []);
  for (const name of wanted) {
    if (isKnown(name)) continue;
    throw new Error(`${variable}: '${name}' is not known; allowed are ${exporterNames.join(', ')}, none`);
  }
  const exporters = [...new Set(wanted)].filter(isKnown);
  if (exporters.length > 1 && exporters.includes('otlp_file')) throw new Error(`${variable}: otlp_file stands alone`);
  return exporters;
}

/**
 * Whether metrics leave over OTLP: when asked to, or when there is an endpoint. They are at `/metrics` in any case, which
 * is all that `prometheus` asks for. @throws Error when a name is not known
 */
export function exportsMetrics(env: Env): boolean {
  if (isDisabled(env)) return false;
  const wanted = namesIn(env, 'OTEL_METRICS_EXPORTER');
  for (const name of wanted ?? []) {
    if (name === 'otlp' || name === 'prometheus') continue;
    throw new Error(`OTEL_METRICS_EXPORTER: '${name}' is not known; allowed are otlp, prometheus, none`);
  }
  return wanted ? wanted.includes('otlp') : hasEndpoint(env, 'METRICS');
}

/** The names in a list, without `none`; `undefined` when it is unset. */
const namesIn = (env: Env, variable: string): string[] | undefined =>
  given(env, variable)
    ?.split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'none');

const hasEndpoint = (env: Env, signal: string): boolean =>
  (given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') ?? given(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)) !== undefined;

const isKnown = (name: string): name is ExporterName => (exporterNames as readonly string[]).includes(name);

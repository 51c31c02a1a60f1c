/** What the standard variables `OTEL_TRACES_EXPORTER`, `OTEL_LOGS_EXPORTER` and their endpoints ask for. */

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable's value; blank counts as unset. */
export const given = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;

export const exporterNames = ['otlp', 'otlp_file', 'console'] as const;
export type ExporterName = (typeof exporterNames)[number];

export const isDisabled = (env: Env): boolean => given(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true';

/**
 * The exporters of a signal. Without `OTEL_<SIGNAL>_EXPORTER`, traces go to the OTLP endpoint if there is one; logs, which
 * are on standard output anyway, nowhere.
 * @throws Error when a name is not known
 */
export function exportersOf(env: Env, signal: 'TRACES' | 'LOGS'): ExporterName[] {
  if (isDisabled(env)) return [];
  const variable = `OTEL_${signal}_EXPORTER`;
  const names = given(env, variable)?.split(',') ?? byDefault(env, signal);
  const wanted = names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '' && name !== 'none');
  for (const name of wanted) {
    if (isKnown(name)) continue;
    throw new Error(`${variable}: '${name}' is not known; allowed are ${exporterNames.join(', ')}, none`);
  }
  const exporters = [...new Set(wanted)].filter(isKnown);
  if (exporters.length > 1 && exporters.includes('otlp_file')) throw new Error(`${variable}: otlp_file stands alone`);
  return exporters;
}

function byDefault(env: Env, signal: 'TRACES' | 'LOGS'): ExporterName[] {
  const endpoint = given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') ?? given(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  return signal === 'TRACES' && endpoint !== undefined ? ['otlp'] : [];
}

const isKnown = (name: string): name is ExporterName => (exporterNames as readonly string[]).includes(name);

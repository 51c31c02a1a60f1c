/** Unit by the name's ending (M1), in words. */
export function unitOf({ name }: { name: string }): 'seconds' | 'bytes' | 'US dollars' | 'count' {
  const base = name.replace(/_total$/, '');
  if (base.endsWith('_seconds')) return 'seconds';
  if (base.endsWith('_bytes')) return 'bytes';
  return base.endsWith('_usd') ? 'US dollars' : 'count';
}

const codes = { seconds: 's', bytes: 'By', 'US dollars': '{USD}', count: '1' } as const;

/** The same as OTLP writes it (UCUM). */
export const unitCode = (metric: { name: string }): string => codes[unitOf(metric)];

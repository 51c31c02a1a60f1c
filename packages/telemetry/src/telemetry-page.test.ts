import { readFile } from 'node:fs/promises';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { metricDefinitions } from './metric-catalogue.js';
import { attributes, spans, uncatalogued } from './span-catalogue.js';
import { telemetryTables, withTables } from './telemetry-page.js';

describe('docs/telemetry.md', () => {
  it('is what the code says (npm run docs:telemetry makes it anew)', async () => {
    const page = await readFile(new URL('../../../docs/telemetry.md', import.meta.url), 'utf8');
    expect(page).toBe(withTables(page));
  });

  it('names every span, every attribute and every metric', () => {
    const tables = telemetryTables();
    for (const { name } of spans) expect(tables).toContain(`| \`${name}\``);
    for (const name of Object.keys(attributes)) expect(tables).toContain(`| \`${name}\``);
    for (const { name } of metricDefinitions) expect(tables).toContain(`| \`${name}\``);
  });

  it('needs its marks', () => {
    expect(() => withTables('a page')).toThrow('no place for its tables');
  });
});

describe('the catalogue', () => {
  it("uses the conventions' names for everything that is not ours", () => {
    const names = new Set<unknown>(
      Object.entries(conventions).flatMap(([key, value]) => (key.startsWith('ATTR_') ? [value] : [])),
    );
    // Newer than the package: from the conventions' repository for generative AI.
    const newer = ['gen_ai.request.stream', 'gen_ai.response.time_to_first_chunk'];
    const foreign = Object.keys(attributes).filter((name) => !name.startsWith('millrace.'));
    expect(foreign.filter((name) => !names.has(name) && !newer.includes(name))).toEqual([]);
  });

  it('has no attribute that no span carries', () => {
    const carried = new Set<string>(spans.flatMap((span) => span.attributes));
    expect(Object.keys(attributes).filter((name) => !carried.has(name))).toEqual([]);
  });

  it('tells what is not in it', () => {
    expect(uncatalogued([{ name: 'node llm', kind: 5, attributes: { 'millrace.run.id': 'r' } }])).toEqual([]);
    expect(uncatalogued([{ name: 'node llm', kind: 5, attributes: { prompt: 'p' } }])).toEqual([
      "prompt of 'node llm'",
    ]);
    expect(uncatalogued([{ name: 'surprise', kind: 1, attributes: {} }])).toEqual(["internal span 'surprise'"]);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { compilePlan, parseFile, validateInputs } from '@millrace/graph';
import type { Value } from '@millrace/contracts';
import { supportedNodeTypes as supportedTypes } from '../supported-node-types.js';

const folder = new URL('../../../../samples/', import.meta.url);
const samples = readdirSync(folder).filter((name) => name.endsWith('.yml'));
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

it('there are some', () => expect(samples.length).toBeGreaterThan(5));

it.each(samples)('%s imports without a word, and its example fits its form', (name) => {
  const file = parseFile(read(name), { supportedTypes });
  if (!('workflow' in file)) throw new Error(file.status === 'failed' ? file.error : file.status);
  expect(file.warnings).toEqual([]);
  const compiled = compilePlan(file.workflow, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  const example = JSON.parse(read(name.replace(/yml$/, 'example.json'))) as { [key: string]: Value };
  expect(example).toMatchObject({ name: file.app.name });
  expect(validateInputs(compiled.plan.form, example['exampleInputs'])).toMatchObject({ ok: true });
  const asksModels = compiled.plan.nodes.some(({ type }) => type === 'llm');
  expect(example['needs']).toEqual(asksModels ? ['model'] : []);
});

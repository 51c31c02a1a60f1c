import { end, start, template, workflowFile } from '@millrace/testing';
import { readImport, readImportAside } from './read-import.js';

const supportedTypes = new Set(['start', 'end', 'template-transform']);
const file = (text: string) =>
  workflowFile({
    nodes: [start([{ variable: 'n', type: 'number', default: 1.5 }]), template('t', text), end({ o: ['t', 'output'] })],
  });

describe('a workflow file', () => {
  it.each([
    ['large', file('x'.repeat(50_000))],
    ['large and broken', `${file('x'.repeat(50_000))}]`],
    ['large and newer', file('x'.repeat(50_000)).replace('0.3.0', '9.0.0')],
    ['small', file('x')],
  ])('is read aside as it is read here: %s', async (_, text) => {
    const request = { text, supportedTypes, confirmed: false };
    expect(await readImportAside(request)).toEqual(readImport(request));
  });

  it('does not hold up the gateway while a large one is read', async () => {
    const text = `${file('x')}${Array.from({ length: 50_000 }, (_, i) => `k${i}: 1\n`).join('')}`;
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const read = await readImportAside({ text, supportedTypes, confirmed: false });
    clearInterval(ticking);
    expect(read.status).toBe('completed-with-warnings');
    expect(turns).toBeGreaterThan(10);
  });
});

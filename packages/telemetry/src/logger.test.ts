import { withLogFields } from './log-fields.js';
import { createLogger } from './logger.js';

function collecting(): { lines: Record<string, unknown>[]; destination: { write(text: string): void } } {
  const lines: Record<string, unknown>[] = [];
  return { lines, destination: { write: (text) => lines.push(JSON.parse(text) as Record<string, unknown>) } };
}

describe('the logger', () => {
  it('writes the ids of the scope, inner scopes on top of outer ones', async () => {
    const { lines, destination } = collecting();
    const logger = createLogger({ service: 'test', destination });
    await withLogFields({ trace_id: 't', run_id: 'r' }, async () => {
      await Promise.resolve();
      withLogFields({ node_id: 'n' }, () => logger.info('inside'));
    });
    logger.info('outside');
    expect(lines[0]).toMatchObject({
      level: 'info',
      service: 'test',
      msg: 'inside',
      trace_id: 't',
      run_id: 'r',
      node_id: 'n',
    });
    expect(lines[1]).not.toHaveProperty('trace_id');
  });

  it('never writes secrets', () => {
    const { lines, destination } = collecting();
    const logger = createLogger({ service: 'test', destination });
    logger.info({ apiKey: 'k1', req: { headers: { authorization: 'k2' } }, options: { password: 'k3' } }, 'hello');
    expect(JSON.stringify(lines)).not.toMatch(/k[123]/);
    expect(lines[0]).toMatchObject({ apiKey: '[redacted]' });
  });

  it('keeps to its level', () => {
    const { lines, destination } = collecting();
    createLogger({ service: 'test', level: 'warn', destination }).info('quiet');
    expect(lines).toEqual([]);
  });
});

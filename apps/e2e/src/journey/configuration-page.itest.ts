import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '@millrace/testing';

it('docs/configuration.md tells the settings that the processes read (npm run docs:configuration)', async () => {
  const script = join(repositoryRoot, 'scripts/configuration.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--check'], { env: { PATH: '' } });
  expect(stdout).toContain('up to date');
}, 120_000);

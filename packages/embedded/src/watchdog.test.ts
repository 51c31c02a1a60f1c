import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { processIdentity, waitUntilGone } from './process-identity.js';

describe('watchdog', () => {
  it('ends the children of a process that was killed', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('fixtures/parent.js', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(said.toString());
    const identity = processIdentity(child);
    expect(identity).toBeDefined();
    parent.kill('SIGKILL');
    expect(await waitUntilGone(child, identity, 10_000)).toBe(true);
  });
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeDataDir } from './data-dir.js';

describe('takeDataDir', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-data-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('refuses a second owner until the first lets go', async () => {
    const first = await takeDataDir(dir);
    await expect(takeDataDir(dir)).rejects.toThrow(`already runs on the data directory ${dir}`);
    await first.release();
    await (await takeDataDir(dir)).release();
  });

  it('takes over from a process that is gone, also when its number is in use again', async () => {
    await writeFile(join(dir, 'launcher.lock'), JSON.stringify({ pid: process.pid, identity: 'started long ago' }));
    await (await takeDataDir(dir)).release();
  });

  it('keeps files for their owner alone', async () => {
    const data = await takeDataDir(dir);
    expect(await data.read('keys.json')).toBeUndefined();
    await data.write('keys.json', { a: 1 });
    expect(await data.read('keys.json')).toEqual({ a: 1 });
    expect((await stat(join(dir, 'keys.json'))).mode & 0o777).toBe(0o600);
    await data.release();
  });
});

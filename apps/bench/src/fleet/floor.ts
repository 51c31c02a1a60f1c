import { freePort, waitForChild } from '@millrace/embedded';
import type { ScenarioName } from '../scenarios.js';
import { answersHttp, benchFile, Servers } from './servers.js';
import type { MeasuredSystem } from './system.js';

/** Raw BullMQ: one Express process, one worker process, a Redis of their own. */
export async function startFloor(dir: string, scenario: ScenarioName, target: string): Promise<MeasuredSystem> {
  const servers = new Servers(dir);
  const { server, client } = await servers.redis();
  const port = await freePort();
  const env = {
    FLOOR_PORT: String(port),
    FLOOR_REDIS_URL: server.url,
    FLOOR_SCENARIO: scenario,
    FLOOR_TARGET: target,
  };
  const worker = await servers.node('worker', [benchFile('floor/worker.js')], env);
  const api = await servers.node('api', [benchFile('floor/api.js')], env);
  const url = `http://127.0.0.1:${port}`;
  await waitForChild('the API of the floor', api, () => answersHttp(url), 20_000);
  return {
    name: 'floor',
    scenario,
    url: `${url}/run`,
    headers: {},
    processes: { api: api.pid, worker: worker.pid, redis: server.child.pid },
    redis: client,
    settled: () => Promise.resolve(),
    stop: () => servers.stop(),
  };
}

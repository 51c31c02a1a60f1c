import { isFullRun, startHttpTarget, type HttpTarget, type ServiceProcess } from '@millrace/testing';
import { checkStream, Client, collect, type Run, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';
import { slow } from '../workflows.js';

const [count, kills] = isFullRun() ? [600, 40] : [120, 8];

let fleet: Fleet;
let target: HttpTarget;

beforeAll(async () => {
  [fleet, target] = await Promise.all([
    Fleet.start({ gateways: 2, workers: 3, recorders: 2 }),
    startHttpTarget({ delayMs: 150 }),
  ]);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries gateways in turn until one answers: the one asked may have just been killed. */
async function anyGateway<T>(apiKey: string, ask: (client: Client) => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await ask(new Client(fleet.url(i % fleet.gateways.length), apiKey));
    } catch (error) {
      if (i > 300) throw error;
      await pause(100);
    }
  }
}

async function follow(apiKey: string, text: string): Promise<WireEvent[]> {
  const run: Run = await anyGateway(apiKey, (client) => client.stream({ text }));
  const events = await collect(run);
  while (events.at(-1)?.event !== 'workflow_finished') {
    const rest = await anyGateway(apiKey, (client) => client.attach(run.runId, events.at(-1)?.id));
    events.push(...(await collect(rest)));
  }
  return events;
}

/** Kills one process after another and starts another in its place. */
async function storm(): Promise<void> {
  const kinds = [fleet.workers, fleet.gateways, fleet.workers, fleet.recorders];
  for (let i = 0; i < kills; i++) {
    await pause(700);
    const kind = kinds[i % kinds.length] as ServiceProcess[];
    const victim = kind.shift();
    if (!victim) continue;
    victim.kill('SIGKILL');
    await fleet.add(victim.name as 'gateway' | 'worker' | 'recorder');
    await victim.stop();
  }
}

it('a storm of SIGKILLs over the whole fleet: every accepted run ends once, right and gapless', async () => {
  const { apiKey } = await fleet.publish(slow(target.url));
  const runs = Array.from({ length: count }, async (_, i) => {
    await pause(i * 20);
    return follow(apiKey, `r${i}`);
  });
  const [results] = await Promise.all([Promise.all(runs), storm()]);
  results.forEach((events, i) => {
    checkStream(events);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { result: `r${i}!` } });
  });
}, 600_000);

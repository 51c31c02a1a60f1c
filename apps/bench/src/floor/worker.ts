/** The floor's worker process: each node is a job that does nothing and adds the next. */
import { Queue, Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';
import { childEnv } from '../env.js';
import { scenarios, isScenarioName } from '../scenarios.js';
import { floorQueue, type FloorJob } from './job.js';

const redis = new Redis(childEnv('FLOOR_REDIS_URL'), { maxRetriesPerRequest: null });
const queue = new Queue<FloorJob>(floorQueue, { connection: redis });
const scenarioName = childEnv('FLOOR_SCENARIO');
if (!isScenarioName(scenarioName)) throw new Error(`no scenario ${scenarioName}`);
const scenario = scenarios[scenarioName];
const target = childEnv('FLOOR_TARGET');
const dispatcher = new Agent({ connections: 256 });
const options = { removeOnComplete: true, removeOnFail: true };

const add = (name: string, data: FloorJob): Promise<unknown> => queue.add(name, data, options);

const reply = ({ id, reply: stream }: FloorJob, text: string, kind: 'end' | 'chunk'): Promise<unknown> =>
  redis.xadd(stream, 'MAXLEN', '~', 10_000, '*', 'id', id, 'text', text, 'kind', kind);

const finish = (data: FloorJob): Promise<unknown> => reply(data, scenario.expected(data.text), 'end');

type Steps = Record<string, (data: FloorJob) => Promise<unknown>>;

const chain5: Steps = {
  start: (data) => add('1', data),
  '1': (data) => add('2', data),
  '2': (data) => add('3', data),
  '3': (data) => add('end', data),
  end: finish,
};

const fan8: Steps = {
  start: (data) => queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'branch', data, opts: options }))),
  branch: async (data) => {
    if ((await redis.incr(`count:${data.id}`)) < 8) return;
    await Promise.all([redis.del(`count:${data.id}`), add('join', data)]);
  },
  join: (data) => add('end', data),
  end: finish,
};

const io50: Steps = {
  start: (data) => add('http', data),
  http: async (data) => {
    const { body } = await request(`${target}/?q=${encodeURIComponent(data.text)}`, { dispatcher });
    await body.text();
    await add('end', data);
  },
  end: finish,
};

const stream: Steps = {
  start: (data) => add('model', data),
  model: async (data) => {
    const { body } = await request(`${target}/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench', stream: true, messages: [{ role: 'user', content: data.text }] }),
    });
    let rest = '';
    for await (const piece of body.setEncoding('utf8')) {
      const events = (rest + String(piece)).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        if (event === 'data: [DONE]') continue;
        const chunk = JSON.parse(event.slice('data: '.length)) as { choices: { delta: { content?: string } }[] };
        const text = chunk.choices[0]?.delta.content;
        if (text) await reply(data, text, 'chunk');
      }
    }
    await add('end', data);
  },
  end: finish,
};

const steps = { chain5, 'chain5-code': chain5, fan8, io50, stream }[scenarioName];

// A streaming job holds its slot for as long as the model speaks, so `stream` needs one per client.
const concurrency = scenarioName === 'stream' ? 256 : 64;

const worker = new Worker<FloorJob>(
  floorQueue,
  async (job: Job<FloorJob>) => {
    await steps[job.name]?.(job.data);
  },
  { connection: redis, concurrency },
);
worker.on('error', (error) => console.error(error));

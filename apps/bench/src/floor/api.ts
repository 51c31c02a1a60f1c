/**
 * The floor's HTTP process: Express in front of BullMQ, nothing else. Answers come back through one
 * Redis stream for the whole process, read on a connection of its own.
 */
import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import express from 'express';
import { Redis } from 'ioredis';
import { childEnv } from '../env.js';
import { floorQueue, type FloorJob } from './job.js';

const redisUrl = childEnv('FLOOR_REDIS_URL');
const queue = new Queue<FloorJob>(floorQueue, { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }) });
const replies = new Redis(redisUrl, { maxRetriesPerRequest: null });
const reply = `reply:${randomUUID()}`;
/** Called with each piece of an answer; `last` with the final one. */
const waiting = new Map<string, (text: string, last: boolean) => void>();

async function readReplies(): Promise<void> {
  for (let from = '0'; ;) {
    const found = await replies.xread('COUNT', 1000, 'BLOCK', 0, 'STREAMS', reply, from);
    for (const [, entries] of found ?? []) {
      for (const [id, fields] of entries) {
        from = id;
        const [, run = '', , text = '', , kind = ''] = fields;
        waiting.get(run)?.(text, kind === 'end');
      }
    }
  }
}

const start = (id: string, text: string): Promise<unknown> =>
  queue.add('start', { id, text, reply }, { removeOnComplete: true, removeOnFail: true });

const app = express();
app.disable('x-powered-by');
app.use(express.json());
app.post('/run', async (req, res) => {
  const { inputs, response_mode: mode } = req.body as { inputs: { text: string }; response_mode: string };
  const id = randomUUID();
  if (mode === 'streaming') {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    waiting.set(id, (text, last) => {
      const event = last
        ? { event: 'workflow_finished', data: { status: 'succeeded', outputs: { result: text } } }
        : { event: 'text_chunk', data: { text } };
      res.write(`data: ${JSON.stringify(event)}\n\n`);
      if (!last) return;
      waiting.delete(id);
      res.end();
    });
    await start(id, inputs.text);
    return;
  }
  const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
  await start(id, inputs.text);
  const result = await answer;
  waiting.delete(id);
  res.json({ workflow_run_id: id, data: { id, status: 'succeeded', outputs: { result } } });
});

void readReplies();
app.listen(Number(childEnv('FLOOR_PORT')), '127.0.0.1');

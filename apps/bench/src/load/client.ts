/** The load process: keeps a number of requests in flight and checks every answer. */
import { once } from 'node:events';
import { Pool, type Dispatcher } from 'undici';
import { scenarios } from '../scenarios.js';
import type { LoadMessage, LoadPlan, LoadResult } from './plan.js';

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const scenario = scenarios[plan.scenario];
const { origin, pathname } = new URL(plan.url);
const pool = new Pool(origin, {
  connections: plan.inFlight,
  pipelining: 1,
  headersTimeout: 120_000,
  bodyTimeout: 120_000,
});
const headers = { ...plan.headers, 'content-type': 'application/json' };
const mode = plan.scenario === 'stream' ? 'streaming' : 'blocking';
// Unique over processes and rounds, so that no answer can be an old one.
const prefix = `${process.pid.toString(36)}${Date.now().toString(36)}`;
let serial = 0;

interface Answer {
  result: string | undefined;
  shown: string;
  firstTextMs?: number;
}

const post = (text: string): Promise<Dispatcher.ResponseData> =>
  pool.request({
    method: 'POST',
    path: pathname,
    headers,
    body: JSON.stringify({ inputs: { text }, response_mode: mode, user: 'bench' }),
  });

async function runBlocking(text: string): Promise<Answer> {
  const { statusCode, body } = await post(text);
  const shown = await body.text();
  if (statusCode !== 200) return { result: undefined, shown: `${statusCode} ${shown}` };
  const { data } = JSON.parse(shown) as { data?: { status: string; outputs: { result?: string } | null } };
  return { result: data?.status === 'succeeded' ? data.outputs?.result : undefined, shown };
}

/** Follows the run; right only if the chunks, put together, are the result. */
async function runStreaming(text: string): Promise<Answer> {
  const startedAt = performance.now();
  const { statusCode, body } = await post(text);
  if (statusCode !== 200) return { result: undefined, shown: `${statusCode} ${await body.text()}` };
  let rest = '';
  let streamed = '';
  let firstTextMs = 0;
  let end: { status: string; outputs: { result?: string } | null; error?: string } | undefined;
  for await (const piece of body.setEncoding('utf8')) {
    const frames = (rest + String(piece)).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const line = frame.split('\n').find((one) => one.startsWith('data: '));
      if (line === undefined) continue;
      const event = JSON.parse(line.slice(6)) as { event: string; data: { text?: string } & typeof end };
      if (event.event === 'text_chunk') {
        if (streamed === '') firstTextMs = performance.now() - startedAt;
        streamed += event.data.text ?? '';
      } else if (event.event === 'workflow_finished') end = event.data;
    }
  }
  const whole = end?.status === 'succeeded' && end.outputs?.result === streamed;
  return { result: whole ? streamed : undefined, shown: JSON.stringify(end ?? streamed), firstTextMs };
}

const run = mode === 'streaming' ? runStreaming : runBlocking;

async function loadFor(seconds: number): Promise<LoadResult> {
  const result: LoadResult = { runs: 0, elapsedMs: 0, latenciesMs: [], firstTextMs: [], wrong: 0, examples: [] };
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const text = `${prefix}-${serial++}`;
      const sentAt = performance.now();
      const answer = await run(text).catch((error: unknown): Answer => ({ result: undefined, shown: String(error) }));
      result.latenciesMs.push(performance.now() - sentAt);
      if (answer.firstTextMs !== undefined) result.firstTextMs.push(answer.firstTextMs);
      result.runs++;
      if (answer.result === scenario.expected(text)) continue;
      result.wrong++;
      if (result.examples.length < 3) result.examples.push(`${text}: ${answer.shown.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: plan.inFlight }, loop));
  result.elapsedMs = performance.now() - startedAt;
  return result;
}

/** Resolves when the message has left: a disconnect before that would cut it. */
const send = (message: LoadMessage): Promise<void> =>
  new Promise((resolve) => process.send?.(message, undefined, {}, () => resolve()));

const word = once(process, 'message');
await loadFor(plan.warmupSeconds);
await send({ type: 'warm' });
await word;
await send({ type: 'result', result: await loadFor(plan.seconds) });
await pool.close();
process.disconnect();

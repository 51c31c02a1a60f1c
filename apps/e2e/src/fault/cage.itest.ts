import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { code, end, start, template, workflowFile } from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';

const secret = 'planted-secret-90c1';
let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start({ env: { CODE_TIME_LIMIT: '3s', PLANTED: secret } });
}, 120_000);
afterAll(() => fleet.stop(), 60_000);

type Language = 'python3' | 'javascript';

/** start → one code node → end with its output `x`. */
const single = (source: string, type = 'string', language: Language = 'python3'): string =>
  workflowFile({
    nodes: [start([]), code('run', source, {}, { x: type }, { code_language: language }), end({ x: ['run', 'x'] })],
  });
const clientOf = async (file: string): Promise<Client> => new Client(fleet.url(), (await fleet.publish(file)).apiKey);
const python = (...lines: string[]): string => ['def main():', ...lines.map((line) => `    ${line}`)].join('\n');

const good = python('return {"x": "fine"}');
async function expectGood(): Promise<void> {
  const { body } = await (await clientOf(single(good))).blocking({});
  expect(body.data).toMatchObject({ status: 'succeeded', outputs: { x: 'fine' } });
}

/** Helper processes of a worker. */
const helpersOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

it.each<[string, string, Language]>([
  ['time', python('while True:', '    try:', '        while True: pass', '    except BaseException: pass'), 'python3'],
  ['memory', python('a = []', 'while True: a.append(bytearray(1 << 20))'), 'python3'],
  ['output', python('return {"x": "y" * 11_000_000}'), 'python3'],
  ['output', python('return {"x": [0] * 1_000_000}'), 'python3'],
  ['time', 'function main() { for (;;) try { for (;;); } catch {} }', 'javascript'],
  ['memory', 'function main() { const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1)); }', 'javascript'],
  ['output', 'function main() { return { x: "y".repeat(11e6) }; }', 'javascript'],
])(
  'the %s limit is named: %s',
  async (limit, source, language) => {
    const { status, body } = await (await clientOf(single(source, 'string', language))).blocking({});
    expect([status, body.data.status]).toEqual([200, 'failed']);
    expect(body.data.error).toContain(`${limit} limit`);
  },
  60_000,
);

it.each<[string, string]>([
  ['NUL', '\\0'],
  ['half of a pair', '\\ud800'],
])(
  '%s in a value, a name or an error stops nobody',
  async (_, char) => {
    const client = await clientOf(single(python(`return {"x": {"a${char}b": ["c${char}d"]}}`), 'object'));
    const failing = await clientOf(single(python(`raise ValueError("a${char}b")`)));
    const thrown = 'function main() { throw new Error("a' + char + 'b") }';
    const throwing = await clientOf(single(thrown, 'string', 'javascript'));
    for (const [each, expected] of [
      [client, 'succeeded'],
      [failing, 'failed'],
      [throwing, 'failed'],
    ] as const) {
      const { body } = await each.blocking({});
      expect(body.data).toMatchObject({ status: expected });
      let total = 0;
      for (let round = 0; round < 50 && total === 0; round++, await sleep(100)) {
        const logs = (await (await each.request('GET', 'workflows/logs')).json()) as {
          data: { workflow_run: { status: string } }[];
        };
        total = logs.data.filter(({ workflow_run: run }) => run.status === expected).length;
      }
      expect(total).toBe(1);
    }
    await expectGood();
  },
  60_000,
);

it('names that mean something to JavaScript are names', async () => {
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const member = (name: string) => `{"__proto__":{"polluted":1},"polluted":"${name}"}`;
  const each = <T>(value: (name: string) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const source = `import json\ndef main(): return json.loads('{${names.map((name) => `"${name}":${member(name)}`).join()}}')`;
  const file = workflowFile({
    nodes: [
      start([]),
      code(
        '__proto__',
        source,
        {},
        each(() => 'object'),
      ),
      template('constructor', '{{ x.polluted }}{{ {}.polluted }}', { x: ['__proto__', 'constructor'] }),
      end({ ...each((name) => ['__proto__', name]), t: ['constructor', 'output'] }),
    ],
  });
  const { body } = await (await clientOf(file)).blocking({});
  expect(body.data).toMatchObject({ status: 'succeeded' });
  const shown = [...names.map((name) => `"${name}":${member(name)}`), '"t":"constructor"'];
  expect(JSON.stringify(body.data.outputs)).toBe(`{${shown.join()}}`);
  await expectGood();
}, 60_000);

it('nothing of the worker is to be seen', async () => {
  const source = python(
    'import os, sys, gc',
    'seen = [repr(dict(os.environ)), repr(sys.argv), repr(sys.path)]',
    'for path in ("/proc/self/environ", "/proc/1/environ", "/etc/passwd", "/proc/self/cmdline"):',
    '    try: seen.append(open(path).read())',
    '    except OSError as e: seen.append(str(e))',
    'seen.append(repr([o for o in gc.get_objects() if isinstance(o, (str, bytes))])[:100000])',
    'return {"x": "\\n".join(seen)}',
  );
  const client = await clientOf(single(source));
  const events = await collect(await client.stream({}));
  expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded' });
  const all = JSON.stringify(events);
  for (const hidden of [secret, process.cwd(), fleet.dataDir, 'postgres://', 'redis://', 'test-secret-key'])
    expect(all).not.toContain(hidden);
}, 60_000);

it('a run in an endless loop is stopped at once', async () => {
  const client = await clientOf(single(python('while True: pass')));
  const run = await client.stream({});
  const events: WireEvent[] = [];
  let stoppedAt = 0;
  for await (const event of run.events) {
    events.push(event);
    if (event.event === 'node_started' && event.data['node_id'] === 'run') {
      await sleep(300);
      stoppedAt = Date.now();
      await client.stop(run.taskId);
    }
  }
  expect(events.at(-1)?.data).toMatchObject({ status: 'stopped' });
  expect(Date.now() - stoppedAt).toBeLessThan(1_000);
  await expectGood();
}, 60_000);

it('a schema whose pattern backtracks holds up nobody', async () => {
  const rules = JSON.stringify({ properties: { a: { type: 'string', pattern: '^(a+)+$' } } });
  const evil = await clientOf(
    workflowFile({
      nodes: [
        start([{ variable: 'o', type: 'json_object', json_schema: rules }]),
        template('t', 'x'),
        end({ x: ['t', 'output'] }),
      ],
    }),
  );
  const begun = Date.now();
  const answers = await Promise.all(Array.from({ length: 8 }, () => evil.blocking({ o: { a: `${'a'.repeat(60)}b` } })));
  await expectGood();
  expect(Date.now() - begun).toBeLessThan(20_000);
  for (const { body } of answers) expect(JSON.stringify(body)).toMatch(/took longer than 2000 ms/);
}, 60_000);

it('a SIGKILLed helper process: its runs are repeated, the worker lives on', async () => {
  const client = await clientOf(single(python('import time', 'time.sleep(0.5)', 'return {"x": "done"}')));
  const worker = fleet.workers[0];
  const [helper] = helpersOf(worker?.pid ?? 0);
  const runs = await Promise.all(Array.from({ length: 12 }, () => client.stream({})));
  const ends = Promise.all(runs.map(collect));
  await sleep(400);
  if (helper !== undefined) process.kill(helper, 'SIGKILL');
  for (const events of await ends) {
    checkStream(events);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { x: 'done' } });
  }
  expect(isAlive(worker?.pid ?? 0)).toBe(true);
  expect(helpersOf(worker?.pid ?? 0)).not.toContain(helper);
  await expectGood();
}, 60_000);

it('a SIGKILLed worker leaves no helper behind, and its runs are taken over', async () => {
  const client = await clientOf(single(python('import time', 'time.sleep(1)', 'return {"x": "done"}')));
  const victim = fleet.workers[0];
  const helpers = helpersOf(victim?.pid ?? 0);
  expect(helpers).toHaveLength(1);
  await fleet.add('worker');
  const runs = await Promise.all(Array.from({ length: 6 }, () => client.stream({})));
  const ends = Promise.all(runs.map(collect));
  await sleep(300);
  victim?.kill('SIGKILL');
  for (let round = 0; round < 50 && helpers.some(isAlive); round++) await sleep(100);
  expect(helpers.filter(isAlive)).toEqual([]);
  for (const events of await ends) expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded' });
}, 90_000);

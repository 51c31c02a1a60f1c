import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  end,
  llm,
  start,
  startModelServer,
  startProxy,
  template,
  testKeys,
  workflowFile,
  type FaultProxy,
  type ModelReply,
  type ModelServer,
} from '@millrace/testing';
import { startCli, type Ended } from '../cli.js';
import { Fleet } from '../fleet.js';

/** A test starts a dozen processes, on a machine that may be busy. */
const patienceMs = 240_000;

let fleet: Fleet;
let model: ModelServer;
let dir: string;
let env: Record<string, string>;
const replies: Record<string, ModelReply> = {
  plain: { chunks: ['Good ', 'day\n', 'to you'], promptTokens: 7, completionTokens: 5 },
  steady: { chunks: Array.from({ length: 60 }, (_, index) => `${index}, `), chunksPerSecond: 3 },
  endless: { chunks: Array.from({ length: 3000 }, (_, index) => `${index} `), chunksPerSecond: 5 },
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
  [fleet, model] = await Promise.all([
    Fleet.start({ gateways: 2 }),
    startModelServer((request) => replies[String(request.body['model'])] ?? {}),
  ]);
  await fleet.saveModel(model.baseUrl);
  env = { MILLRACE_URL: fleet.url(), MILLRACE_ADMIN_KEY: testKeys.MILLRACE_ADMIN_KEY, HOME: dir };
}, patienceMs);
afterAll(async () => {
  await fleet.stop();
  await model.close();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

/** The command as it ended; one that a busy server put off is tried again, as its exit code says. */
async function cli(args: string[], settings: Record<string, string> = {}, stdin?: string): Promise<Ended> {
  for (let left = 5; ; left -= 1) {
    const ended = await startCli(args, { ...env, ...settings }, stdin).ended;
    if (left === 0 || ended.code !== 3 || !ended.stderr.includes('temporarily unavailable')) return ended;
  }
}

/** The command's JSON; it must have succeeded. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await cli([...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code}\n${stderr}`);
  expect(stdout.trimEnd()).not.toContain('\n');
  return JSON.parse(stdout) as T;
}

async function workflow(name: string, nodes: Parameters<typeof workflowFile>[0]['nodes']): Promise<string> {
  const file = join(dir, `${name}.yml`);
  await writeFile(file, workflowFile({ name, nodes }));
  return file;
}

const modelNode = (name: string) =>
  llm('ask', 'Say {{#start.text#}}', {
    title: 'Ask the model',
    model: { provider: 'langgenius/openai/openai', name, mode: 'chat', completion_params: {} },
  });

const talking = (name: string) =>
  workflow(name, [start([{ variable: 'text' }]), modelNode(name), end({ said: ['ask', 'text'] })]);

interface Imported {
  status: string;
  appId: string;
  apiKey?: string;
  warnings: string[];
  unimplemented: string[];
  published: boolean;
  error: string | null;
}
interface Listed {
  data: Record<string, unknown>[];
}
interface Shown {
  run: Record<string, unknown> & { id: string };
  nodes: (Record<string, unknown> & { title: string; status: string })[];
}

/** Waits until a look at the system answers what is wanted. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const runningIdOf = (app: string): Promise<string> =>
  until(
    async () => (await json<Listed>('runs', '--app', app, '--status', 'running')).data[0]?.['id'] as string | undefined,
  );

describe('import', () => {
  it(
    'reports each file, publishes and makes keys',
    async () => {
      const good = await workflow('good', [start([]), template('t', 'hi'), end({ out: ['t', 'output'] })]);
      const odd = await workflow('odd', [
        start([]),
        { id: 'k', data: { type: 'knowledge-retrieval', title: 'K' } },
        end({}),
      ]);
      const broken = join(dir, 'broken.yml');
      await writeFile(broken, '- a list');
      const { code, stdout } = await cli(['import', good, odd, broken, '--publish', '--key', '--enable', '--json']);
      const reports = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Imported);
      expect(code).toBe(1);
      expect(reports).toMatchObject([
        {
          file: good,
          published: true,
          unimplemented: [],
          apiKey: expect.stringMatching(/^app-/) as string,
          error: null,
        },
        { file: odd, unimplemented: ['knowledge-retrieval'] },
        { file: broken, status: 'failed', appId: null, error: 'Invalid YAML format: content must be a mapping' },
      ]);
      const plain = await cli(['import', odd]);
      expect(plain.code).toBe(0);
      expect(plain.stdout).toContain(`! ${odd}  app `);
      expect(plain.stdout).toContain("Node type 'knowledge-retrieval' is not supported yet");
      expect(plain.stdout).not.toContain('\u001b');
      const over = await json<Imported>('import', good, '--app', 'good', '--publish');
      expect(over).toMatchObject({ appId: reports[0]?.appId, published: true });
      expect(over).not.toHaveProperty('apiKey');
    },
    patienceMs,
  );
});

describe('provider', () => {
  it(
    'saves credentials from a variable or standard input, and lists the names',
    async () => {
      const base = `base_url=${model.baseUrl}`;
      const args = ['provider', 'set', 'langgenius/anthropic/anthropic', base];
      const unset = await cli([...args, 'api_key=env:NOT_SET']);
      expect([unset.code, unset.stderr]).toEqual([2, 'api_key: the variable NOT_SET is not set.\n']);
      expect((await cli([...args, 'api_key=-'], {}, 'sk-first\n')).code).toBe(0);
      const saved = await cli([...args, 'api_key=env:MY_KEY'], { MY_KEY: 'sk-hush' });
      expect(saved.code).toBe(0);
      expect(saved.stdout + saved.stderr).not.toContain('sk-hush');
      expect(await json('provider', 'list')).toMatchObject({
        data: [{ provider: 'anthropic' }, { provider: 'openai' }],
      });
      expect((await cli(['provider', 'list'])).stdout).toBe('PROVIDER\nanthropic\nopenai\n');
    },
    patienceMs,
  );
});

describe('run', () => {
  it(
    'streams text and nodes to standard error and prints the outputs',
    async () => {
      const file = await talking('plain');
      const { code, stdout, stderr } = await cli(['run', file, '-i', 'text=hello']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ said: 'Good day\nto you' });
      expect(stderr).toContain('Good day\nto you\n');
      expect(stderr).toMatch(/✓ Ask the model .* (ms|s) {2}12 tokens/);
      expect(stderr).toMatch(/succeeded in .*\(3 steps, 12 tokens\)/);
      const again = await json<Listed>('apps');
      expect(again.data.filter(({ name }) => name === 'run: plain.yml')).toHaveLength(1);
      expect((await cli(['run', file])).code).toBe(0);
      expect((await json<Listed>('apps')).data.filter(({ name }) => name === 'run: plain.yml')).toHaveLength(1);
    },
    patienceMs,
  );

  it(
    'converts inputs and uploads files',
    async () => {
      const file = await workflow('typed', [
        start([
          { variable: 'n', type: 'number' },
          { variable: 'loud', type: 'checkbox' },
          {
            ...{ variable: 'docs', type: 'file-list', allowed_file_types: ['document'], max_length: 3 },
            allowed_file_upload_methods: ['local_file', 'remote_url'],
          },
        ]),
        template('t', '{{ n + 1 }} {{ "LOUD" if loud else "quiet" }}', { n: ['start', 'n'], loud: ['start', 'loud'] }),
        end({ text: ['t', 'output'], docs: ['start', 'docs'] }),
      ]);
      const { appId } = await json<Imported>('import', file, '--publish', '--key');
      const text = join(dir, 'note.txt');
      await writeFile(text, 'A note.');
      const { code, stdout, stderr } = await cli([
        'run',
        appId,
        '-i',
        'n=41',
        '-i',
        'loud=yes',
        '-f',
        `docs=${text}`,
        '-f',
        `docs=${text}`,
        '--json',
      ]);
      expect(stderr).toMatch(/^run [0-9a-f-]{36}\n$/);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; event_id: string; data: object });
      expect(events[0]).toMatchObject({ event: 'workflow_started', event_id: expect.stringMatching(/^1-/) as string });
      expect(events.at(-1)).toMatchObject({
        event: 'workflow_finished',
        data: { outputs: { text: '42 LOUD', docs: [{ filename: 'note.txt' }, { filename: 'note.txt' }] } },
      });
      expect(code).toBe(0);
      const wrong = await cli(['run', appId, '-i', 'n=many']);
      expect([wrong.code, wrong.stderr]).toEqual([2, 'n must be a number, not "many".\n']);
      const unknown = await cli(['run', appId, '-i', 'm=1']);
      expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no input m. It has: n (number)')]);
      const given = await cli(['run', appId, '--inputs-json', '-'], {}, '{"n":1}');
      expect(JSON.parse(given.stdout)).toMatchObject({ text: '2 quiet' });
    },
    patienceMs,
  );

  it(
    'ends with 1 when the run fails, and with 2 or 4 when it is refused',
    async () => {
      const file = await workflow('failing', [
        start([{ variable: 'text', required: true }]),
        template('t', '{{ 1 / 0 }}'),
        end({ out: ['t', 'output'] }),
      ]);
      await json<Imported>('import', file, '--publish', '--key');
      const failed = await cli(['run', 'failing', '-i', 'text=x']);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/✗ t .*failed: /);
      const missing = await cli(['run', 'failing']);
      expect([missing.code, missing.stderr]).toEqual([2, 'text is required in input form\n']);
      expect((await cli(['run', 'nowhere'])).code).toBe(4);
      expect((await cli(['run', '--key', 'app-wrong'])).code).toBe(4);
      const alone = await cli(['runs'], { MILLRACE_ADMIN_KEY: '' });
      expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('MILLRACE_ADMIN_KEY is not set')]);
      expect((await cli(['runs'], { MILLRACE_ADMIN_KEY: 'wrong-key-0123456789' })).code).toBe(4);
      expect((await cli(['runs'], { MILLRACE_URL: 'http://127.0.0.1:1' })).code).toBe(3);
    },
    patienceMs,
  );
});

describe('a run that takes a while', () => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    for (const name of ['steady', 'endless']) await json('import', await talking(name), '--publish', '--key');
    proxy = await startProxy(fleet.url(1));
  }, patienceMs);
  afterAll(() => proxy.close());

  const textOf = (stdout: string): string =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; data: { text?: string } })
      .flatMap(({ event, data }) => (event === 'text_chunk' ? [data.text ?? ''] : []))
      .join('');

  it(
    'is followed through lost connections and the death of a gateway, and misses nothing',
    async () => {
      const submitted = await json<{ workflow_run_id: string }>('run', 'steady', '-i', 'text=x', '--detach');
      const gateway = fleet.gateways[1];
      const tail = startCli(['tail', submitted.workflow_run_id, '--json'], { ...env, MILLRACE_URL: proxy.url });
      await tail.said('text_chunk');
      await proxy.cut();
      await tail.said('broke off');
      await proxy.pass();
      gateway?.kill('SIGKILL');
      await gateway?.exited;
      await fleet.add('gateway', { PORT: String(gateway?.port) });
      const { code, stdout } = await tail.ended;
      expect(code).toBe(0);
      expect(textOf(stdout)).toBe((replies['steady']?.chunks ?? []).join(''));
      const ids = stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event_id: string }).event_id);
      expect(new Set(ids).size).toBe(ids.length);
      const rest = await cli(['tail', submitted.workflow_run_id, '--after', ids.at(-2) ?? '', '--json']);
      expect(rest.stdout.trimEnd().split('\n')).toHaveLength(1);
      expect((await cli(['tail', submitted.workflow_run_id, '--after', ids.at(-1) ?? ''])).code).toBe(0);
    },
    patienceMs,
  );

  it(
    'goes on after Ctrl-C, is shown while it runs, and is stopped',
    async () => {
      const watched = startCli(['run', 'endless', '-i', 'text=x'], env);
      await watched.said('0 1 ');
      const id = await runningIdOf('endless');
      watched.child.kill('SIGINT');
      const { code, stderr } = await watched.ended;
      expect(code).toBe(130);
      expect(stderr).toContain(
        `run ${id} goes on.\n  follow it:  millrace tail ${id}\n  stop it:    millrace stop ${id}\n`,
      );
      const { run, nodes } = await json<Shown>('show', id);
      expect(run['status']).toBe('running');
      expect(nodes.map(({ title, status }) => [title, status])).toEqual([
        ['Start', 'succeeded'],
        ['Ask the model', 'running'],
      ]);
      const tail = startCli(['tail', id], env);
      await tail.said('0 1 ');
      expect(await json('stop', id)).toEqual({ id, status: 'stopped', stopped: true });
      const followed = await tail.ended;
      expect(followed.code).toBe(1);
      expect(followed.stderr).toContain('■ Ask the model');
      expect(await json('stop', id)).toEqual({ id, status: 'stopped', stopped: false });
    },
    patienceMs,
  );

  it(
    'is stopped by Ctrl-C when told so',
    async () => {
      const watched = startCli(['run', 'endless', '-i', 'text=x', '--stop-on-interrupt'], env);
      await watched.said('0 1 ');
      watched.child.kill('SIGINT');
      const { code, stderr } = await watched.ended;
      expect([code, stderr]).toEqual([1, expect.stringContaining('stopped in ')]);
    },
    patienceMs,
  );

  it(
    'is followed with an app key alone',
    async () => {
      const { data } = await json<{ data: { token: string }[] }>('key', 'list', 'plain').catch(() => ({ data: [] }));
      expect(data).toEqual([]);
      const key = (await cli(['key', 'create', 'endless'])).stdout.trim();
      const settings = { MILLRACE_ADMIN_KEY: '', MILLRACE_API_KEY: key };
      const run = await cli(['run', '--user', 'ann', '--detach', '--json'], settings);
      const { workflow_run_id: id } = JSON.parse(run.stdout) as { workflow_run_id: string };
      const tail = startCli(['tail', id, '--user', 'ann'], { ...env, ...settings });
      await tail.said('0 1 ');
      tail.child.kill('SIGINT');
      expect((await tail.ended).code).toBe(130);
      expect((await cli(['tail', id, '--user', 'bob'], settings)).code).toBe(4);
      expect((await cli(['stop', id])).code).toBe(0);
    },
    patienceMs,
  );
});

describe('runs and show', () => {
  it(
    'find a run by its id and by its trace ids',
    async () => {
      const traceId = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736';
      const { appId } = await json<Imported>('import', await talking('plain'), '--name', 'shown', '--publish', '--key');
      expect((await cli(['run', appId, '-i', 'text=hello', '--user', 'ann', '--trace-id', traceId])).code).toBe(0);
      const { data } = await json<Listed>(
        'runs',
        '--app',
        'shown',
        '--user',
        'ann',
        '--since',
        '1h',
        '--status',
        'succeeded',
      );
      expect(data).toMatchObject([{ app_name: 'shown', status: 'succeeded', total_tokens: 12, trace_id: traceId }]);
      const id = String(data[0]?.['id']);
      const table = await cli(['runs', '--trace', traceId]);
      expect(table.stdout).toMatch(/^RUN +APP +STATUS +STARTED \(UTC\) +TIME +TOKENS +USER\n/);
      expect(table.stdout).toContain(`${id}  shown  succeeded`);
      for (const named of [id, traceId, traceId.replaceAll('-', '')]) {
        const { run, nodes } = await json<Shown>('show', named);
        expect(run).toMatchObject({ id, outputs: { said: 'Good day\nto you' }, inputs: { text: 'hello' } });
        expect(nodes).toMatchObject([
          { title: 'Start' },
          { title: 'Ask the model', status: 'succeeded' },
          { title: 'End' },
        ]);
        expect(nodes[1]?.['started_at_ms']).toEqual(expect.any(Number));
      }
      const shown = (await cli(['show', id])).stdout;
      for (const part of [
        `run ${id}`,
        'succeeded, ',
        'ann',
        traceId,
        '3 steps, 12 tokens',
        'text: hello',
        'said: Good day to you',
      ]) {
        expect(shown).toContain(part);
      }
      expect(shown).toMatch(/ {2}Ask the model +[█▏▎▍▌▋▊▉]+ .*12 tokens/);
      const node = await cli(['show', id, '--node', 'Ask the model', '--full']);
      expect(node.stdout).toContain('    Good day\n    to you');
      const none = await cli(['show', id, '--node', 'Nobody']);
      expect([none.code, none.stderr]).toEqual([4, 'No node Nobody ran. These did: Start, Ask the model, End.\n']);
      expect((await cli(['show', 'no-such-trace'])).code).toBe(4);
      const two = await json<Listed & { has_more: boolean }>('runs', '-n', '1');
      expect([two.data.length, two.has_more]).toEqual([1, true]);
      const next = await json<Listed>('runs', '-n', '1', '--before', String(two.data[0]?.['id']));
      expect(next.data[0]?.['id']).not.toBe(two.data[0]?.['id']);
    },
    patienceMs,
  );
});

describe('key and tenant', () => {
  it(
    'makes, lists and deletes keys',
    async () => {
      await json('import', await talking('plain'), '--name', 'keyed');
      expect((await cli(['run', 'keyed'])).stderr).toContain('has no API key. Make one with "millrace key create');
      const created = await json<{ id: string; token: string }>('key', 'create', 'keyed');
      expect(await json('key', 'list', 'keyed')).toMatchObject({ data: [{ id: created.id, token: created.token }] });
      expect((await cli(['key', 'list', 'keyed'])).stdout).toContain(`${created.id}  ${created.token}`);
      expect(await json('key', 'delete', 'keyed', created.token)).toEqual({ deleted: created.id });
      expect((await cli(['key', 'delete', 'keyed', created.token])).code).toBe(4);
      expect((await cli(['key', 'list', 'nobody'])).code).toBe(4);
    },
    patienceMs,
  );

  it(
    'makes tenants, which see what is theirs, and changes their limits',
    async () => {
      const created = await cli(['tenant', 'create', 'Acme', '--max-concurrent-runs', '3', '--json']);
      const { id, consoleKey, limits } = JSON.parse(created.stdout) as {
        id: string;
        consoleKey: string;
        limits: object;
      };
      expect(limits).toEqual({ maxConcurrentRuns: 3 });
      const changed = await json(
        'tenant',
        'limits',
        'Acme',
        '--runs-per-minute',
        '60',
        '--max-concurrent-runs',
        'none',
      );
      expect(changed).toMatchObject({ id, limits: { runsPerMinute: 60 } });
      expect((await cli(['tenant', 'list'])).stdout).toMatch(new RegExp(`${id} +Acme +normal +60`));
      const asAcme = { MILLRACE_ADMIN_KEY: consoleKey };
      expect((await cli(['tenant', 'list'], asAcme)).code).toBe(4);
      expect((await cli(['runs'], asAcme)).stdout).toBe('no runs\n');
      expect((await cli(['apps', '--tenant', id])).stdout).toMatch(/^ID +NAME/);
      const file = await workflow('theirs', [start([]), template('t', 'ours'), end({ out: ['t', 'output'] })]);
      expect((await cli(['run', file], asAcme)).code).toBe(0);
      expect(await json('runs', '--tenant', id)).toMatchObject({ data: [{ app_name: 'run: theirs.yml' }] });
    },
    patienceMs,
  );
});

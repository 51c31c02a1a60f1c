import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import type { Command } from 'commander';
import { unimplementedTypes } from './commands/import.js';
import { changed } from './commands/tenant.js';
import { createConsoleApi } from './api/console-api.js';
import { createProgram, runProgram } from './program.js';

let server: Server | undefined;
const written: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    written[name] = '';
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** Runs the command line in this process; answers its exit code. */
async function millrace(...args: string[]): Promise<number> {
  const before = process.exitCode;
  process.exitCode = 0;
  await runProgram(createProgram('1.2.3'), args);
  const code = process.exitCode;
  process.exitCode = before;
  return code;
}

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('usage', () => {
  it.each([
    [['rum'], "unknown command 'rum'"],
    [['run', '--odd'], "unknown option '--odd'"],
    [['run', '-i', 'novalue'], 'name=value'],
    [['run', '--key', 'k', '--inputs-json', '[1]'], 'must be a JSON object'],
    [['run', '--key', 'k', '--inputs-json', '@/nowhere.json'], "can't be read"],
    [['run'], 'Name an app'],
    [['import'], "missing required argument 'file'"],
    [['import', '/nowhere.yml'], "/nowhere.yml can't be read"],
    [['import', 'a', 'b', '--app', 'x'], 'go with one file'],
    [['runs', '--status', 'odd'], 'Allowed choices are running'],
    [['runs', '--since', 'soon'], 'It must be a time'],
    [['runs', '--limit', '0'], 'at least 1'],
    [['tail', 'r', '--after', 'x'], "event's id"],
    [['tenant', 'limits', 'x', '--weight', '-1'], 'at least 1'],
    [['--url', 'ftp://x', 'runs'], 'http:// or https://'],
    [['run', '--trace-id', 'no id!'], '1 to 128 letters'],
    [['provider', 'set', 'openai', 'api_key'], 'name=value'],
  ])('%p is refused with 2', async (args, message) => {
    expect(await millrace(...args)).toBe(2);
    expect(written.stderr).toContain(message);
    expect(written.stdout).toBe('');
  });

  it('tells its version and its help with 0', async () => {
    expect(await millrace('--version')).toBe(0);
    expect(written.stdout).toBe('1.2.3\n');
    expect(await millrace('show', '--help')).toBe(0);
    expect(written.stdout).toContain('Examples:');
  });

  it('has examples for every command', () => {
    const leaves = (command: Command): Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    const own = leaves(createProgram('0')).filter((command) => !['complete', 'help'].includes(command.name()));
    expect(own.length).toBeGreaterThan(14);
    for (const command of own) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      expect([command.name(), help]).toEqual([command.name(), expect.stringMatching(/Examples:\n {2}\$ /)]);
    }
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) => {
    const log = jest.spyOn(console, 'log').mockImplementation((text) => (written.stdout += String(text)));
    expect(await millrace('completion', shell)).toBe(0);
    expect(log).toHaveBeenCalled();
    expect(written.stdout).toContain('millrace');
  });

  it('knows commands, their commands, options and choices', async () => {
    jest.spyOn(console, 'log').mockImplementation((text) => (written.stdout += `${String(text)}\n`));
    const of = async (...words: string[]): Promise<string> => {
      written.stdout = '';
      await millrace('complete', '--', ...words);
      return written.stdout;
    };
    expect(await of('ru')).toMatch(/^run\t[^]*^runs\t/m);
    expect(await of('tenant', '')).toMatch(/^create\t[^]*^limits\t/m);
    expect(await of('run', '--in')).toContain('--inputs-json');
    expect(await of('runs', '--status', 'f')).toContain('failed');
  });
});

describe('exit codes of a server that', () => {
  const run = (url: string) => millrace('--url', url, 'run', '--key', 'k');

  it('is not there', async () => {
    const url = await serve(() => undefined);
    server?.close();
    expect(await run(url)).toBe(3);
    expect(written.stderr).toContain(`Nothing answers at ${url}`);
  });

  it.each([
    [503, 'service_unavailable', 3],
    [429, 'too_many_requests', 3],
    [401, 'unauthorized', 4],
    [404, 'not_found', 4],
    [400, 'invalid_param', 2],
    [400, 'app_unavailable', 4],
  ])('answers %p %s', async (status, code, exitCode) => {
    const url = await serve((_req, res) =>
      res.writeHead(status).end(JSON.stringify({ code, message: 'Because.', status })),
    );
    expect(await run(url)).toBe(exitCode);
    expect(written.stderr).toContain('Because.');
    expect(written.stderr.includes('MILLRACE_API_KEY')).toBe(status === 401);
  });

  it('is busy for a moment, which a question outlasts', async () => {
    let asked = 0;
    const url = await serve((_req, res) => {
      asked += 1;
      if (asked < 3) res.writeHead(503, { 'retry-after': '0' }).end('{}');
      else res.end('{}');
    });
    expect(await millrace('--url', url, 'run', '--key', 'k', '-i', 'a=b')).toBe(2);
    expect([asked, written.stderr]).toEqual([3, 'The app has no input a. It has: none.\n']);
  });

  it.each([
    ['run', '--key', 'k'],
    ['run', '--key', 'k', '-i', 'a=b'],
    ['tail', 'r', '--key', 'k'],
  ])('is another program: %s %s %s', async (...args) => {
    const url = await serve((_req, res) => res.end('<html>'));
    expect(await millrace('--url', url, ...args)).toBe(4);
    expect(written.stderr).toBe('What answers there is no Millrace server: look at MILLRACE_URL or --url.\n');
  });

  it('answers something else', async () => {
    const url = await serve((_req, res) => res.writeHead(502).end('<html>'));
    expect(await run(url)).toBe(3);
    expect(written.stderr).toContain('The server answered 502.');
  });
});

describe('the program itself', () => {
  /** Runs it as a process of its own. */
  function start(args: string[], env: Record<string, string> = {}) {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit') as Promise<[code: number]>;
    return { child, ended };
  }

  it('does not mind when nobody reads its standard error', async () => {
    const url = await serve((_req, res) => res.writeHead(404).end('{}'));
    const { child, ended } = start(['--url', url, 'run', '--key', 'k']);
    child.stderr.destroy();
    expect((await ended)[0]).toBe(4);
  });

  it('reads a long list of runs page by page, with every filter', async () => {
    const asked: URLSearchParams[] = [];
    const row = (id: number) => ({
      id: String(id),
      app_id: 'a',
      status: 'failed',
      created_at: 1,
      task_id: 't',
      trace_id: 't',
    });
    const url = await serve((req, res) => {
      const query = new URL(req.url ?? '', 'http://server').searchParams;
      const first = Number(query.get('last_id') ?? 0) + 1;
      asked.push(query);
      const data = Array.from({ length: Number(query.get('limit')) }, (_, at) => row(first + at));
      res.end(JSON.stringify({ limit: data.length, has_more: true, data }));
    });
    const filters = ['--status', 'failed', '--user', 'ann', '--since', '2026-11-25', '--until', '2026-11-26T08:00'];
    const { child, ended } = start(['--url', url, 'runs', '-n', '150', '--json', ...filters], {
      MILLRACE_ADMIN_KEY: 'k'.repeat(16),
    });
    const { data, has_more: more } = JSON.parse(await readAll(child.stdout)) as {
      data: { id: string }[];
      has_more: boolean;
    };
    expect([(await ended)[0], more]).toEqual([0, true]);
    expect(data.map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, at) => String(at + 1)));
    const same = {
      status: 'failed',
      created_by_end_user_session_id: 'ann',
      created_at__after: '2026-11-25T00:00:00.000Z',
      created_at__before: '2026-11-26T08:00:00.000Z',
    };
    expect(asked.map((query) => Object.fromEntries(query))).toEqual([
      { ...same, limit: '100' },
      { ...same, limit: '50', last_id: '100' },
    ]);
  });

  it.each([['apps'], ['runs'], ['tenant', 'list'], ['provider', 'list'], ['show', 'x']])(
    'says that %s asked another program',
    async (...args) => {
      const url = await serve((_req, res) => res.end('<html>'));
      const { child, ended } = start(['--url', url, ...args], { MILLRACE_ADMIN_KEY: 'k'.repeat(16) });
      expect(await readAll(child.stderr)).toContain('no Millrace server');
      expect((await ended)[0]).toBe(4);
    },
  );

  it('looks with doctor at the server of --url', async () => {
    const url = await serve((_req, res) => res.writeHead(401).end('{}'));
    const { child, ended } = start(['--url', url, 'doctor', '--no-sandbox', '--json'], {
      MILLRACE_ADMIN_KEY: 'k'.repeat(16),
      MILLRACE_DATA_DIR: '/nowhere/at/all',
    });
    const { outcomes } = JSON.parse(await readAll(child.stdout)) as { outcomes: { check: string; said: string }[] };
    expect(outcomes.find(({ check }) => check === 'admin key')?.said).toContain(url);
    expect((await ended)[0]).toBe(1);
  });
});

describe('small parts', () => {
  it('say that a file is newer than the server', async () => {
    const versions = { imported_dsl_version: '99.0.0', current_dsl_version: '0.6.0' };
    const url = await serve((req, res) => {
      const status = req.url?.endsWith('/confirm') ? 'completed' : 'pending';
      res.end(JSON.stringify({ id: 'i', status, app_id: status === 'completed' ? 'a' : null, ...versions }));
    });
    const { warnings } = await createConsoleApi(url, 'k').importApp('version: 99.0.0');
    expect(warnings).toEqual(['The file is of version 99.0.0; this server knows 0.6.0, so what is newer may not run.']);
  });

  it('find the node types that an import warns of', () => {
    expect(
      unimplementedTypes([
        "Node type 'agent' is not supported yet; a run fails when it reaches 7",
        "Node '8' refers to 'x'",
      ]),
    ).toEqual(['agent']);
  });
  it('change limits one by one', () => {
    const limits = { maxConcurrentRuns: 3, weight: 2 };
    expect(changed(limits, { weight: 'none', runsPerMinute: 60 })).toEqual({ maxConcurrentRuns: 3, runsPerMinute: 60 });
  });
});

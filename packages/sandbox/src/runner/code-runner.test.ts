import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodeLanguage, CodeResult } from '@millrace/contracts';
import { type CodeRunnerOptions, createCodeRunner, type ManagedCodeRunner } from '../index.js';
import { runCode } from '../testing/attack.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-runner-'));
const cacheDir = join(folder, 'cache');
const running: ManagedCodeRunner[] = [];
const errors: Error[] = [];

const start = (options: CodeRunnerOptions = {}): ManagedCodeRunner => {
  const runner = createCodeRunner({ cacheDir, onError: (error) => errors.push(error), ...options });
  running.push(runner);
  return runner;
};
const loops = { python3: 'def main():\n    while True: pass', javascript: 'function main() { for (;;); }' };
const value = (result: CodeResult): unknown => (result.status === 'returned' ? JSON.parse(result.value) : result);
/** A process that nobody has taken note of yet (a zombie) is dead too. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
/** The process of the runner started last. Test files before this one may have left children of other kinds. */
const helperPid = (): number => {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const isHelper = (pid: string): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('helper/main.js');
  return Number(children.findLast(isHelper));
};

afterEach(async () => {
  await Promise.all(running.splice(0).map((runner) => runner.close()));
  errors.length = 0;
});

describe('forms of values', () => {
  test('Python keeps integers and floats apart', async () => {
    const code =
      'def main(x): return {"x": x, "f": 1.0, "i": 10**30, "t": (1, 2), 3: None, "n": float("nan"), "s": "é😀"}';
    const result = await runCode(start(), 'python3', code, { x: 2 });
    expect(result).toEqual({
      status: 'returned',
      value: '{"x":2,"f":1.0,"i":1000000000000000000000000000000,"t":[1,2],"3":null,"n":NaN,"s":"é😀"}',
    });
  });

  test('Python gets inputs as they were written', async () => {
    const runner = start();
    const result = await runner.run({
      ...{ tenantId: 'a', language: 'python3', signal: new AbortController().signal },
      code: 'def main(**inputs): return {k: repr(v) for k, v in inputs.items()}',
      inputs: '{"f": 1.0, "i": 1, "b": 12345678901234567890, "n": null, "t": true, "s": "\\ud83d\\ude00"}',
    });
    expect(value(result)).toEqual({ f: '1.0', i: '1', b: '12345678901234567890', n: 'None', t: 'True', s: "'😀'" });
  });

  test('JavaScript writes what JSON.stringify does', async () => {
    const code = 'const main = ({ x }) => ({ x, f: 1.0, h: 1.5, d: new Date(0), u: undefined, n: NaN, s: "é😀" })';
    const result = await runCode(start(), 'javascript', code, { x: [1, { y: null }] });
    expect(result).toEqual({
      status: 'returned',
      value: '{"x":[1,{"y":null}],"f":1,"h":1.5,"d":"1970-01-01T00:00:00.000Z","n":null,"s":"é😀"}',
    });
  });

  test('NaN and infinities arrive in both languages', async () => {
    const runner = start();
    const inputs =
      '{"NaN":NaN,"l":[Infinity,-Infinity,"NaN","\\"NaN\\\\",".","a : b",""],"s":"NaN: NaN","__proto__":{"1":"."}}';
    const strings = ['NaN', '"NaN\\', '.', 'a : b', '', 'NaN: NaN', '.'];
    const run = (language: CodeLanguage, code: string): Promise<CodeResult> =>
      runner.run({ tenantId: 'a', language, signal: new AbortController().signal, code, inputs });
    const python =
      'def main(**i): return {"n": [repr(i["NaN"]), *map(repr, i["l"][:2])], "s": [*i["l"][2:], i["s"], i["__proto__"]["1"]]}';
    expect(value(await run('python3', python))).toEqual({ n: ['nan', 'inf', '-inf'], s: strings });
    const javaScript =
      'const main = (i) => ({ n: [i.NaN, ...i.l.slice(0, 2)].map(String), s: [...i.l.slice(2), i.s, i.__proto__["1"]] })';
    expect(value(await run('javascript', javaScript))).toEqual({ n: ['NaN', 'Infinity', '-Infinity'], s: strings });
    const tampering =
      'String.prototype.replace = JSON.parse = Reflect.apply = null; RegExp.prototype[Symbol.replace] = null;';
    expect(await run('javascript', tampering + javaScript)).toMatchObject({ status: 'failed' });
  });

  test('values of any kind are handed on: judging them is the node’s part', async () => {
    const runner = start();
    expect(value(await runCode(runner, 'python3', 'def main(): return 5'))).toBe(5);
    expect(value(await runCode(runner, 'javascript', 'const main = () => null'))).toBeNull();
  });
});

test('inputs that no interpreter could hold are refused before they reach the helper', async () => {
  const runner = start();
  const text = '\u0448'.repeat(40_000_000);
  for (const language of ['python3', 'javascript'] as const) {
    expect(await runCode(runner, language, 'def main(x): return {}', { x: text })).toMatchObject({
      status: 'failed',
      limit: 'memory',
      error: expect.stringMatching(/memory limit[^]*inputs of the code are too large/) as string,
    });
  }
  const largest = await runCode(runner, 'python3', 'def main(x): return {"n": len(x)}', {
    x: text.slice(0, 33_000_000),
  });
  expect(value(largest)).toEqual({ n: 33_000_000 });
});

test.each([
  ['python3', 'def main(): return {"x": [1.0] * 200_001}'],
  ['python3', 'def main(): return {"x": {i: [] for i in range(100_001)}}'],
  ['javascript', 'const main = () => Array(150_000).fill({})'],
] as const)('results of very many values are refused: %s %s', async (language, code) => {
  expect(await runCode(start(), language, code)).toMatchObject({
    ...{ status: 'failed', limit: 'output' },
    error: expect.stringMatching(/output limit[^]*more than 200000 values/) as string,
  });
});

test('separators inside of strings are no values', async () => {
  const text = '",[{\\'.repeat(90_000);
  const code = 'def main(x): return {"x": x, "many": [0] * 190_000}';
  expect(value(await runCode(start(), 'python3', code, { x: text }))).toMatchObject({ x: text });
});

describe('errors', () => {
  test.each([
    ['def main(a):\n    b = 1\n    return b / a', /line 3, in main\n[^]*ZeroDivisionError: division by zero$/],
    ['def main(b): return {}', /^TypeError: main\(\) (missing|got)/],
    ['def main(:', /line 1[^]*SyntaxError/],
    ['import nothing_of_that_name\ndef main(a): return {}', /line 1, in <module>[^]*ModuleNotFoundError/],
    ['def main(a):\n    import json\n    json.loads("{")', /line 3, in main/],
    ['x = 1', /no function main/],
  ])('Python: %j', async (code, error) => {
    const result = await runCode(start(), 'python3', code, { a: 0 });
    expect(result).toEqual({ status: 'failed', error: expect.stringMatching(error) as string });
    expect(JSON.stringify(result)).not.toContain('_cage');
  });

  test.each([
    ['function main({ a }) {\n  const b = 1;\n  return a.b.c;\n}', /^TypeError: [^\n]*\n\s+at main \(<code>:3:\d+\)$/],
    ['function main( { return 1 }', /^SyntaxError: [^]*<code>:1/],
    ['throw new Error("at the top")', /^Error: at the top\n[^]*<code>:1/],
  ])('JavaScript: %j', async (code, error) => {
    const result = await runCode(start(), 'javascript', code, { a: {} });
    expect(result).toEqual({ status: 'failed', error: expect.stringMatching(error) as string });
  });
});

describe('limits', () => {
  test.each(['python3', 'javascript'] as const)('%s over its time ends alone', async (language) => {
    const runner = start({ timeLimitMs: 2_000 });
    const quick = language === 'python3' ? 'def main(): return 1' : 'const main = () => 1';
    const [slow, ...others] = await Promise.all([
      runCode(runner, language, loops[language]),
      ...Array.from({ length: 20 }, (_, index) => runCode(runner, language, quick, {}, `tenant-${index}`)),
    ]);
    expect(slow).toEqual({ status: 'failed', limit: 'time', error: 'The code exceeded its time limit of 2 s' });
    expect(others.map(value)).toEqual(others.map(() => 1));
  });

  test.each(['python3', 'javascript'] as const)(
    '%s of hostile tenants holds nobody else up until its time is over',
    async (language) => {
      const runner = start();
      await runner.start();
      const leaves = new AbortController();
      const { signal } = leaves;
      const hostile = ['a', 'b', 'c', 'd'].flatMap((tenantId) =>
        Array.from({ length: 5 }, () =>
          runner.run({ tenantId, language, code: loops[language], inputs: '{}', signal }).catch(() => undefined),
        ),
      );
      const quick = language === 'python3' ? 'def main(): return 1' : 'const main = () => 1';
      const waits: number[] = [];
      for (let call = 0; call < 15; call++) {
        const began = performance.now();
        expect(value(await runCode(runner, language, quick, {}, 'e'))).toBe(1);
        waits.push(performance.now() - began);
      }
      leaves.abort(new Error('over'));
      await Promise.all(hostile);
      // Without T4 of turns.ts, all interpreters were taken for 15 s at a time. (Alone on two cores: 0.6 s at most.)
      expect(waits.sort((x, y) => x - y).at(-2)).toBeLessThan(7_000);
    },
    120_000,
  );

  test('a run that gave its turn up for others ends as if it had not', async () => {
    const runner = start({ interpreters: { python3: 3, javascript: 1 } });
    await runner.start();
    const code = 'import time\ndef main(x):\n    time.sleep(2)\n    return x';
    const lasting = ['a', 'b', 'c', 'd'].map((tenantId) => runCode(runner, 'python3', code, { x: tenantId }, tenantId));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(value(await runCode(runner, 'python3', 'def main(): return 1', {}, 'e'))).toBe(1);
    expect((await Promise.all(lasting)).map(value)).toEqual(['a', 'b', 'c', 'd']);
  }, 60_000);

  test.each(['python3', 'javascript'] as const)('%s is cut off when nobody wants it any more', async (language) => {
    const runner = start({ interpreters: { python3: 1, javascript: 1 }, spares: 0 });
    await runner.start();
    const controller = new AbortController();
    const code = loops[language];
    const run = runner.run({ tenantId: 'a', language, code, inputs: '{}', signal: controller.signal });
    const queued = runner.run({ tenantId: 'b', language, code, inputs: '{}', signal: controller.signal });
    const ends = Promise.allSettled([run, queued]);
    setTimeout(() => controller.abort(new Error('stopped')), 300);
    expect(await ends).toEqual([1, 2].map(() => ({ status: 'rejected', reason: new Error('stopped') })));
    // Its interpreter is free again long before the time limit.
    const quick = language === 'python3' ? 'def main(): return 1' : 'const main = () => 1';
    expect(value(await runCode(runner, language, quick))).toBe(1);
  });

  test('a run that is aborted before it starts does not start', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    const run = start().run({ tenantId: 'a', language: 'python3', code: '', inputs: '{}', signal });
    await expect(run).rejects.toThrow('too late');
  });

  test('options out of range are refused by name', () => {
    expect(() => createCodeRunner({ timeLimitMs: 0 })).toThrow(/timeLimitMs/);
    expect(() => createCodeRunner({ memoryLimitBytes: { python3: 1 } })).toThrow(/memoryLimitBytes.python3/);
  });
});

describe('the helper process', () => {
  test('a run in a killed helper is repeated in the next', async () => {
    const runner = start();
    await runner.start();
    const run = runCode(runner, 'python3', 'import time\ndef main():\n    time.sleep(1)\n    return 7');
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(helperPid(), 'SIGKILL');
    expect(value(await run)).toBe(7);
    expect(errors.map((error) => error.message)).toEqual([expect.stringMatching(/SIGKILL/) as string]);
  });

  test('H1: who kills it a second time fails alone', async () => {
    let starts = 0;
    const runner = start({ observer: { runEnded: () => undefined, helperStarted: () => starts++ } });
    await runner.start();
    const waits = 'import time\ndef main():\n    time.sleep(0.3)\n    return 7';
    const culprit = runCode(runner, 'python3', loops.python3);
    const others = ['b', 'c', 'd'].map((tenantId) => runCode(runner, 'python3', waits, {}, tenantId));
    // The first run is the suspect that is tried first.
    const first = helperPid();
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(first, 'SIGKILL');
    while (starts < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(helperPid(), 'SIGKILL');
    expect(await culprit).toEqual({ status: 'failed', error: 'The code crashed its interpreter' });
    expect((await Promise.all(others)).map(value)).toEqual([7, 7, 7]);
  });

  test('it has no environment', async () => {
    const runner = start();
    await runner.start();
    expect(readFileSync(`/proc/${helperPid()}/environ`, 'utf8').replace(/NODE_CHANNEL_\w+=\w+\0/g, '')).toBe('');
  });

  test('it ends with the process that started it, whatever it is doing', async () => {
    const program = `
      import { readFileSync } from 'node:fs';
      import { createCodeRunner } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
      const runner = createCodeRunner({ cacheDir: ${JSON.stringify(cacheDir)} });
      await runner.start();
      const run = { tenantId: 'a', inputs: '{}', signal: new AbortController().signal };
      void runner.run({ ...run, language: 'python3', code: ${JSON.stringify(loops.python3)} });
      void runner.run({ ...run, language: 'javascript', code: ${JSON.stringify(loops.javascript)} });
      setTimeout(() => console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8')), 500);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const helper = Number(line.toString());
    expect(isAlive(helper)).toBe(true);
    parent.kill('SIGKILL');
    while (isAlive(helper)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('runs fail clearly when it cannot start', async () => {
    const runner = start({ packagesDir: join(folder, 'absent') });
    const result = await runCode(runner, 'python3', 'def main(): return 1');
    expect(result).toEqual({ status: 'failed', error: expect.stringMatching(/not available/) as string });
    expect(errors[0]?.message).toMatch(/absent/);
  });

  test('closing fails what still runs', async () => {
    const runner = start();
    const run = runCode(runner, 'python3', 'def main():\n    while True: pass');
    await runner.start();
    await runner.close();
    expect(await run).toMatchObject({ status: 'failed' });
  });
});

describe('the snapshot of Python', () => {
  test('is kept in one file and used again', async () => {
    await start().start();
    const first = readdirSync(cacheDir);
    expect(first).toEqual([expect.stringMatching(/^python-\w+\.snapshot$/) as string]);
    expect(value(await runCode(start(), 'python3', 'def main(): return 1'))).toBe(1);
    expect(readdirSync(cacheDir)).toEqual(first);
  });

  test('a broken file is made anew', async () => {
    const other = join(folder, 'broken');
    await start({ cacheDir: other }).start();
    const file = join(other, readdirSync(other)[0] ?? '');
    writeFileSync(file, readFileSync(file).subarray(0, 1_000));
    expect(value(await runCode(start({ cacheDir: other }), 'python3', 'def main(): return 1'))).toBe(1);
    expect(readFileSync(file).length).toBeGreaterThan(1_000_000);
  });

  test('a folder that cannot be written costs time only', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(value(await runCode(start({ cacheDir: file }), 'python3', 'def main(): return 1'))).toBe(1);
    expect(errors).not.toEqual([]);
  });
});

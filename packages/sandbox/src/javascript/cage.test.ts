import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodeRunner } from '../index.js';
import { type Attack, plantedSecret, runCode } from '../testing/attack.js';
import { plantSecret } from '../testing/env.js';

plantSecret();

const folder = mkdtempSync(join(tmpdir(), 'millrace-cage-'));
const errors: Error[] = [];
const createRunner = (timeLimitMs: number) =>
  createCodeRunner({
    timeLimitMs,
    memoryLimitBytes: { python3: 96 * 1_048_576, javascript: 64 * 1_048_576 },
    outputLimitBytes: 200_000,
    cacheDir: folder,
    checkEvery: 1,
    onError: (error) => errors.push(error),
  });
/** For what may end by its time limit. */
const hasty = createRunner(2_500);
/** For what must end otherwise, on a slow machine too. */
const runner = createRunner(25_000);

const main = (body: string): string => `function main() { ${body} }`;
const notDefined = /ReferenceError: '?\w+'? is not defined/;

const attacks: Attack[] = [
  // Ways to the host.
  { name: 'process', code: main('return process.env'), fails: notDefined },
  { name: 'require', code: main('return require("fs").readFileSync("/etc/passwd", "utf8")'), fails: notDefined },
  {
    name: 'constructor of a constructor',
    code: main('return this.constructor.constructor("return process")().env'),
    fails: /Error/,
  },
  {
    name: 'constructor of an argument',
    code: 'function main(args) { return args.constructor.constructor("return process.env")() }',
    fails: notDefined,
  },
  {
    name: 'global object',
    code: main('return new Function("return this.process")()'),
    fails: /nothing that JSON can hold/,
  },
  { name: 'dynamic import', code: main('import("node:fs").then((fs) => fs); return {}'), returns: {} },
  { name: 'static import', code: 'import fs from "node:fs";\n' + main('return {}'), fails: /SyntaxError/ },
  { name: "QuickJS's own modules", code: 'import * as os from "os";\n' + main('return {}'), fails: /SyntaxError/ },
  {
    name: 'std and os',
    code: main('return { a: typeof std, b: typeof os, c: typeof bjson }'),
    returns: { a: 'undefined', b: 'undefined', c: 'undefined' },
  },
  { name: 'fetch', code: main('return fetch("http://127.0.0.1")'), fails: notDefined },
  { name: 'WebSocket', code: main('return new WebSocket("ws://127.0.0.1")'), fails: notDefined },
  { name: 'XMLHttpRequest', code: main('return new XMLHttpRequest()'), fails: notDefined },
  { name: 'importScripts', code: main('return importScripts("x")'), fails: notDefined },
  { name: 'WebAssembly', code: main('return WebAssembly.Module'), fails: notDefined },
  { name: 'timers', code: main('setTimeout(() => {}, 1); return {}'), fails: notDefined },
  { name: 'Worker', code: main('return new Worker("x")'), fails: notDefined },
  {
    name: 'stack frames',
    code: main('Error.prepareStackTrace = (e, frames) => frames; return { x: String(new Error("x").stack) }'),
    harmless: true,
  },
  {
    name: 'callers',
    code: main('return { x: typeof main.caller, y: String(arguments.callee.caller) }'),
    harmless: true,
  },
  {
    name: 'functions of stack frames',
    code: main(
      'const found = []; Error.prepareStackTrace = (e, frames) => { for (const f of frames) found.push(String(f.getFunction?.()), typeof f.getThis) };' +
        'new Error("x").stack; return { found }',
    ),
    harmless: true,
  },
  { name: 'Atomics', code: main('return Atomics.wait(new Int32Array(4), 0, 0)'), fails: notDefined },
  { name: 'import.meta', code: main('return eval("import.meta")'), fails: /SyntaxError/ },
  {
    name: 'other constructors of functions',
    code: main(
      'const A = (async () => {}).constructor, G = (function* () {}).constructor;' +
        'return { x: [A("return typeof process"), G("yield process")].map((f) => typeof f()) }',
    ),
    returns: { x: ['object', 'object'] },
  },
  // Time.
  {
    name: 'main that is never there',
    code: 'Object.defineProperty(globalThis, "main", { get() { for (;;); } })',
    fails: /time limit/,
  },
  {
    name: 'a set that grows while it is walked',
    code: main('const s = new Set([1]); for (const n of s) { s.delete(n); s.add(n + 1) } return {}'),
    fails: /time limit/,
  },
  {
    name: 'a list that says it is long',
    code: main('return { x: new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 53 : undefined) }) }'),
    fails: /time limit|memory limit/,
  },
  { name: 'endless loop', code: main('for (;;);'), fails: /time limit/ },
  { name: 'loop at the top', code: 'for (;;);', fails: /time limit/ },
  { name: 'loop that catches', code: main('for (;;) { try { for (;;); } catch {} }'), fails: /time limit/ },
  { name: 'loop in finally', code: main('try { throw 1 } finally { for (;;); }'), fails: /time limit/ },
  { name: 'regular expression', code: main('return /^(a+)+$/.test("a".repeat(40) + "b")'), fails: /time limit/ },
  {
    name: 'huge power',
    code: main('return { x: (3n ** (10n ** 9n)).toString().length }'),
    fails: /time limit|memory limit|RangeError/,
  },
  { name: 'endless getter', code: main('return { get x() { for (;;); } }'), fails: /time limit/ },
  { name: 'endless toJSON', code: main('return { toJSON() { for (;;); } }'), fails: /time limit/ },
  { name: 'endless error', code: main('throw { get message() { for (;;); } }'), fails: /time limit/ },
  {
    name: 'waiting',
    code: main('return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'),
    fails: /Error/,
  },
  {
    name: 'sorting',
    code: main('const a = Array.from({ length: 1e6 }, (_, i) => i); for (;;) a.sort(() => 1)'),
    fails: /time limit|memory limit/,
  },
  // Memory, stack, output.
  {
    name: 'normal forms of a long text',
    code: main('return { x: "\\ufdfa".repeat(1e6).normalize("NFKD").length }'),
    fails: /memory limit/,
  },
  {
    name: 'a buffer that shrinks while it is sorted',
    code: main(
      'const b = new ArrayBuffer(4096, { maxByteLength: 8192 }); const t = new Int32Array(b).fill(1);' +
        't.sort(() => { b.resize(8); return 1 }); return { x: t.length }',
    ),
    harmless: true,
  },
  {
    name: 'a buffer given away while it is filled',
    code: main(
      'const b = new ArrayBuffer(4096); const t = new Uint8Array(b);' +
        't.copyWithin({ valueOf() { b.transfer(1); return 0 } }, 1, 2000); return { x: t.length }',
    ),
    harmless: true,
  },
  {
    name: 'proxies of proxies',
    code: main('let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return { x: p.a }'),
    fails: /stack|memory limit/,
  },
  {
    name: 'objects that go deeper as they are read',
    code: main('const deeper = () => ({ get a() { return deeper() } }); return deeper()'),
    fails: /stack|recursed|memory limit/,
  },
  {
    name: 'brackets without end in the source',
    code: main('return ' + '['.repeat(50_000) + ']'.repeat(50_000)),
    fails: /stack|recursed/,
  },
  {
    name: 'growing array',
    code: main('const a = []; for (;;) a.push("x".repeat(1e5) + a.length)'),
    fails: /memory limit/,
  },
  {
    name: 'long text',
    code: main('return "x".repeat(2 ** 29).length + "y".repeat(2 ** 29)'),
    fails: /memory limit|RangeError|string/,
  },
  {
    name: 'large buffer',
    code: main('return { x: new ArrayBuffer(2 ** 31 - 1).byteLength }'),
    fails: /memory limit|RangeError/,
  },
  { name: 'large array', code: main('return new Array(1e9).fill(1)'), fails: /memory limit/ },
  {
    name: 'bomb that catches',
    code: main('const a = []; for (;;) try { a.push(new ArrayBuffer(1e6)) } catch { a.length >>= 1 }'),
    fails: /time limit|memory limit/,
  },
  { name: 'recursion', code: 'function f() { return f() + 1 }\n' + main('return f()'), fails: /stack|recursed/ },
  {
    name: 'recursion that catches',
    code: 'function f() { try { return f() } catch { return f() } }\n' + main('return f()'),
    harmless: true,
  },
  {
    name: 'recursion in a regular expression',
    code: main('return new RegExp("(".repeat(1e5) + ")".repeat(1e5)).test("x")'),
    fails: /./,
  },
  {
    name: 'recursion in JSON',
    code: main('let x = 1; for (let i = 0; i < 1e5; i++) x = [x]; return { x }'),
    fails: /stack|recursed/,
  },
  { name: 'large output', code: main('return { x: "y".repeat(1e6) }'), fails: /output limit/ },
  { name: 'large error', code: main('throw new Error("y".repeat(1e6))'), fails: /characters left out/ },
  { name: 'circular result', code: main('const x = {}; x.x = x; return x'), fails: /circular/i },
  { name: 'large integer', code: main('return { x: 10n }'), fails: /BigInt/i },
  // Strange results and errors.
  { name: 'thenable', code: main('return { then(done) { done({ x: 1 }) }, a: 1 }'), returns: { a: 1 } },
  { name: 'halves of pairs', code: main('return { x: "\\ud800" }'), returns: { x: '\ud800' } },
  {
    name: '__proto__ as a member',
    code: main('return JSON.parse(\'{"__proto__":{"polluted":1}}\')'),
    harmless: true,
  },
  { name: 'a number beyond all', code: main('return { x: JSON.rawJSON("1e400") }'), harmless: true },
  { name: 'main is a class', code: 'class main {}', fails: /TypeError/ },
  { name: 'nothing', code: main('return undefined'), fails: /nothing that JSON can hold/ },
  { name: 'no main', code: 'const x = 1', fails: /no function main/ },
  { name: 'promise', code: 'async function main() { return { x: 1 } }', returns: {} },
  {
    name: 'endless microtasks',
    code: main('const f = () => Promise.resolve().then(f); f(); return { x: 1 }'),
    returns: { x: 1 },
  },
  { name: 'generator', code: 'function* main() { for (;;) yield 1 }', returns: {} },
  { name: 'proxy', code: main('return new Proxy({}, { ownKeys() { throw new Error("trap") } })'), fails: /trap/ },
  {
    name: 'revoked proxy',
    code: main('const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy'),
    fails: /TypeError/,
  },
  { name: 'thrown proxy', code: main('throw new Proxy({}, { get() { throw 1 } })'), fails: /could not be made/ },
  { name: 'thrown symbol', code: main('throw Symbol("x")'), fails: /symbol/ },
  { name: 'thrown null', code: main('throw null'), fails: /null/ },
  { name: 'thrown object', code: main('throw Object.create(null)'), fails: /Error/ },
  {
    name: 'line of an error',
    code: 'function main() {\n  const x = 1;\n  return x.y.z;\n}',
    fails: /^TypeError[^]*<code>:3/,
  },
  // Traps for whoever runs next.
  {
    name: 'poisoned iterators',
    code: main(
      'Array.prototype[Symbol.iterator] = function* () {}; RegExp.prototype.exec = () => null; return { x: 1 }',
    ),
    returns: { x: 1 },
  },
  {
    name: 'a name that answers to nobody',
    code: 'Object.defineProperty(Object.prototype, "name", { set() { for (;;); } });' + main('throw new Error("x")'),
    harmless: true,
  },
  {
    name: 'functions without their prototype',
    code: main('Object.setPrototypeOf(Function.prototype, new Proxy({}, { get() { throw 1 } })); return { x: 1 }'),
    returns: { x: 1 },
  },
  {
    name: 'poisoned JSON',
    code: main('JSON.stringify = () => "}{"; JSON.parse = () => ({ text: "stolen" }); return { x: 1 }'),
    returns: { x: 1 },
  },
  { name: 'poisoned toJSON', code: main('Object.prototype.toJSON = () => "poison"; return {}'), harmless: true },
  {
    name: 'poisoned prototypes',
    code: main(
      'Array.prototype.map = () => 13; Object.prototype.x = 13; String.prototype.split = null; return { y: 1 }',
    ),
    harmless: true,
  },
  {
    name: 'poisoned globals',
    code: main('for (const k of Reflect.ownKeys(globalThis)) delete globalThis[k]; return {}'),
    harmless: true,
  },
  {
    name: 'frozen objects',
    code: main('Object.freeze(Object.prototype); Object.freeze(globalThis); return {}'),
    returns: {},
  },
  {
    name: 'a value for the next run',
    code: 'globalThis.counter = 7; var left = 1;\n' + main('return {}'),
    returns: {},
  },
  {
    name: 'finalizers',
    code: main('new FinalizationRegistry(() => { for (;;); }).register({}, 1); return {}'),
    returns: {},
  },
];

const nextRun = `
globalThis.counter = (globalThis.counter ?? 0) + 1;
const main = ({ text, numbers }) => ({
  length: text.length, sorted: numbers.sort(), json: JSON.parse(JSON.stringify({ a: [1, 2.5] })), counter,
  mapped: numbers.map((n) => n * 2), left: typeof left, own: Object.keys({}).length + ('x' in {}), split: 'a-b'.split('-'),
  moves: Math.random() !== Math.random(),
});`;
const nextValue = {
  ...{ length: 5, sorted: [1, 2, 3], json: { a: [1, 2.5] }, counter: 1, mapped: [2, 4, 6], left: 'undefined' },
  ...{ own: 0, split: ['a', 'b'], moves: true },
};

const expectRight = async (tenantId: string, by = runner): Promise<void> => {
  const result = await runCode(by, 'javascript', nextRun, { text: 'ab-cd', numbers: [3, 1, 2] }, tenantId);
  expect(result).toMatchObject({ status: 'returned' });
  expect(JSON.parse(result.status === 'returned' ? result.value : 'null')).toEqual(nextValue);
};

beforeAll(async () => {
  // One after the other: the second takes the snapshot that the first has kept.
  await hasty.start();
  await runner.start();
}, 120_000);
afterAll(async () => {
  await Promise.all([hasty.close(), runner.close()]);
  rmSync(folder, { recursive: true });
});

test.each(attacks)('$name', async ({ code, fails, returns, harmless }) => {
  const by = harmless || fails?.source.includes('time limit') ? hasty : runner;
  const result = await runCode(by, 'javascript', code);
  const text = JSON.stringify(result);
  expect(text).not.toContain(plantedSecret);
  expect(text).not.toContain(process.cwd());
  if (fails !== undefined) {
    expect(result).toMatchObject({ status: 'failed', error: expect.stringMatching(fails) as string });
  }
  if (returns !== undefined) {
    expect(result).toMatchObject({ status: 'returned' });
    expect(JSON.parse(result.status === 'returned' ? result.value : 'null')).toEqual(returns);
  }
  await Promise.all(['tenant-a', 'tenant-b', 'tenant-a'].map((tenant) => expectRight(tenant, by)));
});

test('two runs draw different random numbers', async () => {
  const draw = 'const main = () => [Math.random(), Math.random()]';
  const [first, second] = [await runCode(runner, 'javascript', draw), await runCode(runner, 'javascript', draw)];
  expect(first).toMatchObject({ status: 'returned' });
  expect(first).not.toEqual(second);
});

test('the helper process has survived all of it', () => {
  expect(errors).toEqual([]);
});

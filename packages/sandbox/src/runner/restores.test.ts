import type { CodeLanguage } from '@millrace/contracts';
import { createCodeRunner } from '../index.js';
import { runCode } from '../testing/attack.js';
import { sequence } from '../testing/random.js';

const errors: Error[] = [];
const runner = createCodeRunner({
  ...{ checkEvery: 1, interpreters: { python3: 1, javascript: 1 }, spares: 0 },
  onError: (error) => errors.push(error),
});
afterAll(() => runner.close());

/** Each writes to memory in a way of its own; N is a number. */
const steps: Record<CodeLanguage, string[]> = {
  python3: [
    'k = {i: str(i) for i in range(N)}; v += len(k)',
    'b = bytearray(N * 50); b[N:N + 9] = b"123456789"; memoryview(b)[::3][0] = 7; v += sum(b)',
    'v += len(json.dumps(json.loads(json.dumps([{"a": i, "b": [i / 7] * 3} for i in range(N)]))))',
    'v += len(re.sub(r"(\\d+)-(\\w+)", r"\\2 \\1", "12-ab é😀 " * N))',
    'open("/tmp/f", "wb").write(os.urandom(N)); v += len(open("/tmp/f", "rb").read()); os.remove("/tmp/f")',
    'open("/tmp/g", "wb").write(os.urandom(N * 1000)); v += len(open("/tmp/g", "rb").read())',
    'os.mkdir(f"/tmp/d{v}"); v += len(os.listdir("/tmp")) + os.stat("/tmp").st_size; os.chdir("/tmp"); os.getcwd()',
    'v += int(decimal.Decimal(N).sqrt() * 100); v += (3 ** N) % 1000007',
    'v += len(zlib.decompress(zlib.compress(bytes(range(256)) * N)))',
    'l = [random.random() for _ in range(N)]; l.sort(); v += len(l)',
    'a = array.array("d", range(N)); a.byteswap(); struct.pack_into("<qd", a, 8, N, 1.5); v += len(a)',
    'v += len(hashlib.sha256(b"x" * N).hexdigest()) + time.localtime().tm_year; time.strftime("%c"); time.sleep(0)',
    'globals()[f"g{N}"] = type("T", (), {"m": lambda self: N}); sys.modules[f"m{N}"] = json; math.pi = N',
    'exec(compile("\\n".join(f"x{i} = {i}" for i in range(N)), "<s>", "exec"), {})',
    'v += zoneinfo.ZoneInfo("Europe/Paris").utcoffset(datetime.datetime(2020, 1, 1)).seconds',
    'big = "y" * (N * 20000); v += len(big.upper().encode("utf-16"))',
    'c = sqlite3.connect(":memory:"); c.execute("create table t (x)"); c.executemany("insert into t values (?)", [(i,) for i in range(N)]); v += c.execute("select sum(x) from t").fetchone()[0]',
    'g = (i * i for i in range(N)); v += next(g) + next(g, 0); v += sum(g)',
    'list(map(lambda f: f(), [lambda: copy.deepcopy({"n": [N] * N})] * 3))',
    'v.no_such',
    'def deep(n): return deep(n + 1)\n    deep(0)',
    'asyncio.run(asyncio.sleep(0))',
    'gc.collect(); gc.unfreeze(); gc.collect(); sys.setrecursionlimit(400 + N)',
  ],
  javascript: [
    'const m = new Map(); for (let i = 0; i < N; i++) m.set(`k${i}`, { i }); v += m.size;',
    'v += JSON.stringify(JSON.parse(JSON.stringify(Array.from({ length: N }, (_, i) => ({ i, x: [i / 7] }))))).length;',
    'const b = new Uint8Array(N * 100); b.fill(3).copyWithin(9, 1, 50); new DataView(b.buffer).setFloat64(1, v); v += b.length;',
    'v += "12-ab é😀 ".repeat(N).replace(/(\\d+)-(\\w+)/gu, "$2 $1").length;',
    'v += Number((3n ** BigInt(N)) % 1000007n);',
    'globalThis[`g${N}`] = Math.random(); Array.prototype.map = null; Object.prototype.q = N;',
    'const a = []; for (let i = 0; i < N * 20; i++) a.push(Math.random()); a.sort(); v += a.length;',
    'class T { #p = N; get p() { return this.#p; } } v += new T().p;',
    'function* g() { for (let i = 0; i < N; i++) yield i; } v += [...g()].length;',
    'v += new Date(N * 1e9).toISOString().length;',
    'const s = "y".repeat(N * 9000); v += s.toUpperCase().length;',
    'v.no.such;',
    'const deep = (n) => deep(n + 1); deep(0);',
    'delete globalThis.JSON.stringify; String.prototype.at = () => N;',
  ],
};
const programs: Record<CodeLanguage, (chosen: string[]) => string> = {
  python3: (chosen) => `
import array, asyncio, copy, datetime, decimal, gc, hashlib, json, math, os, random, re, sqlite3, struct, sys, time, zlib, zoneinfo
def main(text):
    v = len(text)
${chosen.map((step) => `    ${step}`).join('\n')}
    return {"v": repr(v)}`,
  javascript: (chosen) =>
    `function main({ text }) { let v = text.length; ${chosen.map((step) => `{ ${step} }`).join('\n')} return { v: String(v) }; }`,
};

test.each(['python3', 'javascript'] as const)(
  '%s is what it was after each of many runs',
  async (language) => {
    const next = sequence(7);
    let ended = 0;
    for (let run = 0; run < 80; run++) {
      // Each step comes first once, alone.
      const first = steps[language][run];
      const others = Array.from({ length: first === undefined ? 1 + next(4) : 0 }, () => next(steps[language].length));
      const chosen = [first ?? '', ...others.map((index) => steps[language][index] ?? '')].filter(
        (step) => step !== '',
      );
      const code = programs[language](chosen.map((step) => step.replace(/\bN\b/g, String(3 + next(300)))));
      const result = await runCode(runner, language, code, { text: '1é'.repeat(next(20_000)) });
      if (result.status === 'returned') ended++;
      // What a step does by mistake would not do what it is here for.
      else expect(result.error).toMatch(/no_such|recursion|stack|too deeply|read property|not a function/i);
      expect(errors).toEqual([]);
    }
    expect(ended).toBeGreaterThan(40);
    // A slow machine takes a minute.
  },
  240_000,
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createCodeRunner } from '../index.js';
import { type Attack, plantedSecret, runCode } from '../testing/attack.js';
import { plantSecret } from '../testing/env.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-cage-'));
const secretFile = join(folder, 'secret.txt');
writeFileSync(secretFile, plantedSecret);
plantSecret();

const errors: Error[] = [];
const createRunner = (timeLimitMs: number) =>
  createCodeRunner({
    timeLimitMs,
    memoryLimitBytes: { python3: 96 * 1_048_576, javascript: 64 * 1_048_576 },
    outputLimitBytes: 200_000,
    interpreters: { python3: 3, javascript: 1 },
    cacheDir: join(folder, 'cache'),
    checkEvery: 1,
    onError: (error) => errors.push(error),
  });
/** For what may end by its time limit. */
const hasty = createRunner(2_500);
/** For what must end otherwise, on a slow machine too. */
const runner = createRunner(25_000);

const main = (...lines: string[]): string => ['def main():', ...lines.map((line) => `    ${line}`)].join('\n');

/** The module is hidden, not gone: its calls have to be refused below. */
const ctypes = 'import sys; del sys.modules["_ctypes"]; import ctypes';
const rawMemory = 'import sys; del sys.modules["_ctypes"]; import _ctypes';

const attacks: Attack[] = [
  // Ways to the host's JavaScript.
  { name: 'import js', code: 'import js\n' + main('return js.process.env'), fails: /ModuleNotFoundError/ },
  { name: 'import pyodide_js', code: 'import pyodide_js\n' + main('return {}'), fails: /ModuleNotFoundError/ },
  { name: 'import pyodide', code: 'import pyodide\n' + main('return {}'), fails: /ModuleNotFoundError/ },
  {
    name: 'pyodide.code.run_js',
    code: main('from pyodide.code import run_js', 'return run_js("process.env")'),
    fails: /ModuleNotFoundError/,
  },
  { name: 'pyodide.ffi', code: main('import pyodide.ffi', 'return {}'), fails: /ModuleNotFoundError/ },
  { name: '_pyodide', code: main('import _pyodide._base', 'return {}'), fails: /ModuleNotFoundError/ },
  {
    name: '_pyodide_core made by hand',
    code: main(
      'import _imp, importlib.machinery as m',
      'return {"x": repr(_imp.create_builtin(m.ModuleSpec("_pyodide_core", None)))}',
    ),
    returns: { x: 'None' },
  },
  { name: 'ctypes', code: main('import ctypes', 'return {}'), fails: /ModuleNotFoundError/ },
  {
    name: 'ctypes calls into JavaScript',
    code: main(ctypes, 'ctypes.CDLL(None).emscripten_run_script(b"process.exit()")', 'return {}'),
    fails: /may not use|not found|Error/,
  },
  {
    name: 'ctypes calls Python',
    code: main(ctypes, 'return {"x": ctypes.pythonapi.Py_GetVersion()}'),
    fails: /./,
  },
  {
    name: 'ctypes callback',
    code: main(ctypes, 'f = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)', 'return {"x": f()}'),
    fails: /may not use/,
  },
  {
    name: 'ctypes reads the memory',
    code: main(rawMemory, 'return {"n": len(ctypes.string_at(1024, 1 << 20))}'),
    harmless: true,
  },
  {
    name: 'ctypes writes over the memory',
    code: main(
      'import ctypes',
      'for a in range(1024, 30000000, 64): ctypes.c_char.from_address(a).value = b"!"',
      'return {}',
    ),
    harmless: true,
  },
  {
    name: 'modules of the bridge, no longer hidden',
    code: main(
      'import sys',
      'for n in ("js", "pyodide_js", "_pyodide_core"): del sys.modules[n]',
      'found = []',
      'for n in ("js", "pyodide_js", "_pyodide_core", "pyodide.ffi", "pyodide.http", "pyodide.code", "micropip"):',
      '    try: found.append(repr(__import__(n)))',
      '    except ImportError: pass',
      'return {"x": found}',
    ),
    returns: { x: [] },
  },
  {
    name: 'a pickle that calls the system',
    code: main(
      'import os, pickle',
      'class P:',
      '    def __reduce__(self): return (os.system, ("id",))',
      'pickle.loads(pickle.dumps(P()))',
      'return {}',
    ),
    fails: /may not use/,
  },
  {
    name: 'what is left of test modules',
    code: main(
      'import _testcapi, _testinternalcapi',
      'for m in (_testinternalcapi, _testcapi):',
      '    for n in ("run_in_subinterp", "pymem_buffer_overflow", "pymem_api_misuse", "crash_no_current_thread", "check_pyobject_freed_is_freed"):',
      '        try: getattr(m, n)("import os")',
      '        except BaseException: pass',
      'return {}',
    ),
    harmless: true,
  },
  {
    name: 'compiled code from random bytes',
    code: main(
      'import marshal, os',
      'for i in range(20000):',
      '    try: exec(marshal.loads(b"\\xe3" + os.urandom(60)))',
      '    except BaseException: pass',
      'return {}',
    ),
    harmless: true,
  },
  {
    name: 'code that reads what is not there',
    code: main(
      'import opcode',
      'def f(): pass',
      'f.__code__ = f.__code__.replace(co_code=bytes([128, 0, opcode.opmap["LOAD_FAST"], 250, opcode.opmap["RETURN_VALUE"], 0]), co_stacksize=9)',
      'return {"x": repr(f())}',
    ),
    harmless: true,
  },
  // A WebAssembly library with imports of its own choice.
  {
    name: 'dlopen of a written library',
    code: main(
      'import sys, importlib.machinery as m, importlib.util as u',
      'open("/tmp/evil.so", "wb").write(b"\\0asm\\1\\0\\0\\0")',
      'spec = u.spec_from_file_location("evil", "/tmp/evil.so", loader=m.ExtensionFileLoader("evil", "/tmp/evil.so"))',
      'u.module_from_spec(spec)',
      'return {}',
    ),
    fails: /./,
  },
  // Files.
  {
    name: 'a file of the host',
    code: main(`return {"x": open(${JSON.stringify(secretFile)}).read()}`),
    fails: /No such file/,
  },
  { name: 'passwords', code: main('return {"x": open("/etc/passwd").read()}'), fails: /No such file/ },
  {
    name: 'environment of a process',
    code: main('return {"x": open("/proc/self/environ").read()}'),
    fails: /No such file/,
  },
  {
    name: 'the root folder',
    code: main('import os', 'return {"x": sorted(os.listdir("/"))}'),
    returns: { x: ['dev', 'lib', 'tmp'] },
  },
  {
    name: 'out by dots',
    code: main('import os', 'os.chdir("/tmp")', 'return {"x": sorted(os.listdir("../../../.."))}'),
    returns: { x: ['dev', 'lib', 'tmp'] },
  },
  {
    name: 'overwrite the library',
    code: main('open("/lib/python314.zip", "r+b").write(b"x")', 'return {}'),
    fails: /Read-only|Permission|not permitted/,
  },
  {
    name: 'remove the library',
    code: main('import os', 'os.remove("/lib/python314.zip")', 'return {}'),
    fails: /Read-only/,
  },
  {
    name: 'rename the library',
    code: main('import os', 'os.rename("/lib", "/tmp/lib")', 'return {}'),
    fails: /Read-only/,
  },
  {
    name: 'fill the scratch folder',
    code: main('with open("/tmp/x", "wb") as f:', '    while True: f.write(b"x" * 1000000)'),
    fails: /No space left/,
  },
  {
    name: 'many files',
    code: main('for i in range(100000): open(f"/tmp/{i}", "w").close()', 'return {}'),
    fails: /No space left/,
  },
  { name: 'a sparse file', code: main('open("/tmp/x", "wb").truncate(1 << 40)', 'return {}'), fails: /Error/ },
  {
    name: 'open files',
    code: main('k = [open("/dev/null") for _ in range(100000)]', 'return {}'),
    fails: /No file descriptors available/,
  },
  {
    name: 'a path longer than the host can split',
    code: main('import os', 'os.stat(b"/" * 60_000_000)'),
    fails: /OSError/,
  },
  {
    name: 'long names of files',
    code: main('for i in range(4000): open(f"/tmp/{i}" + "x" * 100000, "w").close()', 'return {}'),
    fails: /name too long/i,
  },
  {
    name: 'a deep folder',
    code: main('import os', 'for i in range(100): os.mkdir("x" * 200); os.chdir("x" * 200)', 'return {}').replace(
      'for i',
      'os.chdir("/tmp")\n    for i',
    ),
    fails: /name too long/i,
  },
  {
    name: 'spellings of time zones',
    code: main(
      'import os',
      'for zone in ("BERLIN", "BErlin", "BeRlin"): os.stat(f"/usr/share/zoneinfo/Europe/{zone}")',
      'return {}',
    ),
    harmless: true,
  },
  { name: 'links', code: main('import os', 'os.symlink("/etc", "/tmp/etc")', 'return {}'), fails: /Error/ },
  {
    name: 'a file mapped into memory',
    code: main('import mmap', 'f = open("/lib/python314.zip", "rb")', 'mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)'),
    fails: /may not use/,
  },
  // Processes, sockets, environment.
  {
    name: 'asyncio subprocess',
    code: main('import asyncio', 'asyncio.run(asyncio.create_subprocess_shell("id"))', 'return {}'),
    fails: /NotImplementedError|Error/,
  },
  { name: 'a raised signal', code: main('import signal', 'signal.raise_signal(2)', 'return {}'), harmless: true },
  {
    name: 'subprocess',
    code: main('import subprocess', 'return {"x": subprocess.check_output(["id"])}'),
    fails: /Error/,
  },
  { name: 'os.system', code: main('import os', 'return {"x": os.system("id")}'), harmless: true },
  { name: 'popen', code: main('import os', 'return {"x": os.popen("id").read()}'), fails: /Error/ },
  { name: 'fork', code: main('import os', 'return {"x": os.fork()}'), fails: /Error/ },
  { name: 'exec', code: main('import os', 'os.execv("/bin/sh", ["sh"])', 'return {}'), fails: /Error/ },
  { name: 'kill', code: main('import os', 'os.kill(os.getppid(), 9)', 'os.kill(1, 9)', 'return {}'), harmless: true },
  {
    name: 'socket',
    code: main('import socket', 's = socket.socket()', 's.connect(("127.0.0.1", 6379))', 'return {}'),
    fails: /Error/,
  },
  {
    name: 'names',
    code: main('import socket', 'return {"x": socket.getaddrinfo("localhost", 80)}'),
    fails: /gaierror/,
  },
  {
    name: 'urlopen',
    code: main('import urllib.request', 'return {"x": str(urllib.request.urlopen("http://127.0.0.1:8080").read())}'),
    fails: /Error/,
  },
  {
    name: 'environment',
    code: main('import os', 'return dict(os.environ)'),
    returns: { HOME: '/tmp', LANG: 'C.UTF-8', PATH: '', TZ: 'UTC', TMPDIR: '/tmp' },
  },
  // Time.
  { name: 'endless loop', code: main('while True: pass'), fails: /time limit/ },
  {
    name: 'loop that catches everything',
    code: main('while True:', '    try:', '        while True: pass', '    except BaseException: pass'),
    fails: /time limit/,
  },
  { name: 'loop at import', code: 'while True: pass', fails: /time limit/ },
  { name: 'long sleep', code: main('import time', 'time.sleep(1e6)', 'return {}'), fails: /time limit/ },
  {
    name: 'regular expression',
    code: main('import re', 're.match(r"(a+)+$", "a" * 40 + "b")', 'return {}'),
    fails: /time limit/,
  },
  { name: 'huge power', code: main('x = 3 ** (10 ** 9)', 'return {}'), fails: /time limit|memory limit|MemoryError/ },
  { name: 'endless generator', code: main('return {"x": sum(iter(int, 1))}'), fails: /time limit/ },
  {
    name: 'loop in __str__ of an error',
    code: 'class E(Exception):\n    def __str__(self):\n        while True: pass\n' + main('raise E()'),
    fails: /time limit/,
  },
  {
    name: 'loop in __del__',
    code: 'class D:\n    def __del__(self):\n        while True: pass\n' + main('d = D()', 'del d', 'return {}'),
    fails: /time limit/,
  },
  {
    name: 'signal handler',
    code: main('import signal', 'signal.signal(signal.SIGALRM, print)', 'signal.alarm(1)', 'while True: pass'),
    fails: /time limit|Error/,
  },
  {
    name: 'a lock taken twice',
    code: main('import threading', 'l = threading.Lock()', 'l.acquire()', 'l.acquire()', 'return {}'),
    fails: /time limit/,
  },
  {
    name: 'sorting by a key that never comes',
    code: main('return {"x": sorted([1], key=lambda _: sum(iter(int, 1)))}'),
    fails: /time limit/,
  },
  {
    name: 'a factorial',
    code: main('import math', 'return {"x": math.factorial(10**8).bit_length()}'),
    fails: /time limit|memory limit/,
  },
  // Memory, stack, output.
  { name: 'width by %', code: main('return {"x": len("%*d" % (2**31 - 1, 1))}'), fails: /memory limit/ },
  { name: 'width of a format', code: main('return {"x": len(f"{1:2000000000}")}'), fails: /memory limit/ },
  { name: 'shifted far', code: main('return {"x": (1 << (1 << 33)).bit_length()}'), fails: /memory limit/ },
  {
    name: 'decimals without end',
    code: main('import decimal as d', 'd.getcontext().prec = d.MAX_PREC', 'return {"x": str(d.Decimal(1) / 7)}'),
    fails: /memory limit/,
  },
  {
    name: 'entities of entities',
    code: main(
      'import xml.etree.ElementTree as e',
      'd = "".join(f\'<!ENTITY a{i + 1} "{f"&a{i};" * 20}">\' for i in range(9))',
      'return {"x": len(e.fromstring(\'<!DOCTYPE r [<!ENTITY a0 "aaaaaaaaaa">\' + d + "]><r>&a9;</r>").text)}',
    ),
    fails: /ParseError/,
  },
  {
    name: 'a file by an entity',
    code: main(
      'import xml.etree.ElementTree as e',
      `return {"x": e.fromstring('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>').text}`,
    ),
    fails: /ParseError/,
  },
  {
    name: 'groups of groups of errors',
    code: main('e = ValueError("x")', 'for _ in range(20000): e = ExceptionGroup("g", [e])', 'raise e'),
    fails: /too deeply|RecursionError/,
  },
  {
    name: 'a comparison that empties what is sorted',
    code: main(
      'class A:',
      '    def __lt__(self, other): things.clear(); return True',
      'things = [A() for _ in range(1000)]',
      'things.sort()',
      'return {}',
    ),
    harmless: true,
  },
  {
    name: 'an index that empties what is searched',
    code: main(
      'class I:',
      '    def __index__(self): b.clear(); return 0',
      'b = bytearray(100000)',
      'return {"x": b.find(b"x", I())}',
    ),
    harmless: true,
  },
  {
    name: 'growing list',
    code: main('a = []', 'while True: a.append("x" * 1000000 + str(len(a)))'),
    fails: /memory limit/,
  },
  { name: 'large block', code: main('return {"x": len(bytearray(1 << 31))}'), fails: /memory limit/ },
  { name: 'long text', code: main('return {"x": len("x" * 10**10)}'), fails: /memory limit[^]*line 2/ },
  { name: 'long list', code: main('return {"x": len([0] * 10**9)}'), fails: /memory limit/ },
  {
    name: 'bomb that catches',
    code: main('a = []', 'while True:', '    try: a.append(bytearray(1 << 20))', '    except MemoryError: a.append(1)'),
    fails: /time limit|memory limit/,
  },
  {
    name: 'decompression',
    code: main(
      'import zlib',
      'd = zlib.compress(b"0" * 10**7)',
      'b = [zlib.decompress(d) for _ in range(99)]',
      'return {}',
    ),
    fails: /memory limit/,
  },
  { name: 'recursion', code: 'def f(n): return f(n + 1)\n' + main('return f(0)'), fails: /RecursionError/ },
  {
    name: 'recursion without a limit',
    code: 'import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\n' + main('return f(0)'),
    fails: /./,
  },
  {
    name: 'recursion through C',
    code: main('x = []', 'for _ in range(100000): x = [x]', 'return {"x": repr(x)}'),
    fails: /RecursionError|too deeply|crashed/,
  },
  { name: 'large output', code: main('return {"x": "y" * 1000000}'), fails: /output limit/ },
  {
    name: 'printing without end',
    code: main('for i in range(20000): print("x" * 10000)', 'return {"ok": 1}'),
    returns: { ok: 1 },
  },
  { name: 'huge message', code: main('raise ValueError("x" * 10000000)'), fails: /characters left out/ },
  { name: 'huge integer', code: main('return {"x": 10 ** 100000}'), fails: /4300/ },
  {
    name: 'deep result',
    code: main('x = 1', 'for _ in range(100000): x = [x]', 'return {"x": x}'),
    fails: /RecursionError|Circular|too deeply/,
  },
  { name: 'circular result', code: main('x = {}', 'x["x"] = x', 'return x'), fails: /Circular reference/ },
  // Tampering with what is used for the answer.
  {
    name: 'set in the result',
    code: main('return {"x": {1}}'),
    fails: /^TypeError: Object of type set is not JSON serializable/,
  },
  {
    name: 'a dict that lies',
    code:
      'class D(dict):\n    def items(self): return [("a", object())]\n    def __len__(self): return 1 << 60\n' +
      main('return D(x=1)'),
    harmless: true,
  },
  {
    name: 'a name that raises',
    code: main(
      'class M(type):',
      '    @property',
      '    def __name__(cls): raise SystemExit',
      'class E(Exception, metaclass=M): pass',
      'raise E()',
    ),
    fails: /./,
  },
  {
    name: 'a long name',
    code: main('raise type("X" * 10000000, (Exception,), {})()'),
    fails: /./,
  },
  { name: '__class__', code: 'class A:\n    __class__ = dict\n' + main('return A()'), fails: /./ },
  {
    name: 'encoder replaced',
    code: main(
      'import json.encoder as e',
      'e.c_make_encoder = None',
      'e.encode_basestring = lambda s: "}{"',
      'return {"x": "y"}',
    ),
    harmless: true,
  },
  {
    name: 'frames of the cage',
    code: main('import sys', 'g = sys._getframe(1).f_globals', 'g["_encode"] = lambda v: "not json"', 'return {}'),
    fails: /not JSON/,
  },
  {
    name: 'frames of the cage, with a number that is none',
    code: main('import sys', 'g = sys._getframe(1).f_globals', 'g["_encode"] = lambda v: "[1NaN]"', 'return {}'),
    fails: /not JSON/,
  },
  {
    name: 'frames of the cage, with lines without end',
    code: main(
      'import sys',
      'g = sys._getframe(1).f_globals',
      'g["_describe"] = lambda e: "\\n" * 190000',
      'raise ValueError()',
    ),
    fails: /characters left out/,
  },
  {
    name: 'frames of the cage, to be long',
    code: main(
      'import sys',
      'g = sys._getframe(1).f_globals',
      'g["_describe"] = lambda e: "x" * 150000',
      'raise ValueError()',
    ),
    fails: /characters left out/,
  },
  { name: 'exit', code: main('import sys', 'sys.exit(3)'), fails: /SystemExit/ },
  { name: 'hard exit', code: main('import os', 'os._exit(3)'), fails: /ended the Python interpreter/ },
  { name: 'abort', code: main('import os', 'os.abort()'), fails: /ended the Python interpreter|crashed/ },
  {
    name: 'segmentation fault',
    code: main('import faulthandler', 'faulthandler._sigsegv()', 'return {}'),
    harmless: true,
  },
  {
    name: 'broken bytecode',
    code: main(
      'f = lambda: 0',
      'f.__code__ = f.__code__.replace(co_code=bytes([255, 7] * 50), co_stacksize=1)',
      'return {"x": f()}',
    ),
    harmless: true,
  },
  {
    name: 'threads',
    code: main('import threading', 't = threading.Thread(target=print)', 't.start()', 'return {}'),
    fails: /start new thread/,
  },
  {
    name: 'exit handler',
    code: main('import atexit', 'atexit.register(lambda: [] + 1)', 'return {"ok": 1}'),
    returns: { ok: 1 },
  },
  // Traps for whoever runs next.
  {
    name: 'an import hook',
    code: main(
      'import sys',
      'class Finder:',
      '    def find_spec(self, *_): raise SystemExit',
      'sys.meta_path.insert(0, Finder())',
      'sys.path_hooks.clear()',
      'return {}',
    ),
    returns: {},
  },
  {
    name: 'limits of the language',
    code: main(
      'import decimal, gc, locale, sys',
      'sys.setrecursionlimit(60); sys.set_int_max_str_digits(0); sys.setswitchinterval(9)',
      'decimal.getcontext().prec = 2; gc.disable(); locale.setlocale(locale.LC_ALL, "C")',
      'return {}',
    ),
    returns: {},
  },
  {
    name: 'monitoring',
    code: main(
      'import sys',
      'm = sys.monitoring',
      'm.use_tool_id(0, "x"); m.set_events(0, m.events.CALL); m.register_callback(0, m.events.CALL, lambda *a: 1 / 0)',
      'return {"x": len([1])}',
    ),
    harmless: true,
  },
  {
    name: 'callbacks of the collector',
    code: main('import gc', 'gc.callbacks.append(lambda *a: 1 / 0)', 'gc.unfreeze(); gc.collect()', 'return {}'),
    returns: {},
  },
  {
    name: 'poisoned builtins',
    code: main('import builtins', 'builtins.len = lambda *a: 13', 'builtins.dict = builtins.print = None', 'return {}'),
    returns: {},
  },
  { name: 'no builtins', code: main('import builtins', 'builtins.__dict__.clear()', 'return {}'), harmless: true },
  {
    name: 'poisoned json',
    code: main(
      'import json',
      'json.loads = json.dumps = lambda *a, **k: "stolen"',
      'json.JSONDecoder.decode = json.loads',
      'return {}',
    ),
    returns: {},
  },
  {
    name: 'poisoned modules',
    code: main(
      'import sys, re, math',
      'math.sqrt = lambda x: 13',
      'sys.modules.clear()',
      'sys.path.clear()',
      'return {}',
    ),
    harmless: true,
  },
  { name: 'trace function', code: main('import sys', 'sys.settrace(lambda *a: 1 / 0)', 'return {}'), harmless: true },
  { name: 'a seed for all', code: main('import random', 'random.seed(1)', 'return {}'), returns: {} },
  {
    name: 'a file for the next run',
    code: main('import sys', 'open("/tmp/math.py", "w").write("sqrt = 1")', 'sys.path.insert(0, "/tmp")', 'return {}'),
    returns: {},
  },
];

/** Fails when anything of an earlier run is left. */
const nextRun = `
import decimal, gc, json, math, os, random, re, sys, time
counter = globals().get("counter", 0) + 1

def main(text, numbers):
    before = random.random()
    return {
        "length": len(text), "root": math.sqrt(16), "sorted": sorted(numbers), "json": json.loads(json.dumps({"a": [1, 2.0]})),
        "found": re.findall("[a-z]+", text), "files": os.listdir("/tmp"), "path": "/tmp" in sys.path, "counter": counter,
        "moves": before != random.random(), "zone": os.stat("/usr/share/zoneinfo/Europe/Rome").st_ino,
        "limits": [sys.getrecursionlimit(), sys.get_int_max_str_digits(), decimal.getcontext().prec, gc.isenabled()],
    }
`;
const nextInputs = { text: 'ab-cd', numbers: [3, 1, 2] };
const nextValue = {
  ...{ length: 5, root: 4, sorted: [1, 2, 3], json: { a: [1, 2] }, found: ['ab', 'cd'], files: [], path: false },
  ...{ counter: 1, moves: true, zone: 0x4000_0000 + (crc32('/usr/share/zoneinfo/Europe/Rome') >>> 2) },
  limits: [1_000, 4_300, 28, true],
};

const expectRight = async (tenantId: string, by = runner): Promise<void> => {
  const result = await runCode(by, 'python3', nextRun, nextInputs, tenantId);
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
  const result = await runCode(by, 'python3', code);
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

const value = async (code: string): Promise<unknown> => {
  const result = await runCode(runner, 'python3', code);
  return result.status === 'returned' ? JSON.parse(result.value) : result;
};

test('the same code runs from its text again, whatever it did to its compiled form', async () => {
  const meddler = [
    'import builtins, marshal',
    'seen = [1, 2]',
    'def main():',
    '    import sys',
    '    result = {"x": helper(), "seen": list(seen), "loads": marshal.loads(marshal.dumps(3))}',
    '    seen.append(3)',
    '    main.__code__ = (lambda: {"x": "poisoned"}).__code__',
    '    helper.__code__ = helper.__code__.replace(co_consts=("poisoned",))',
    '    for module in (sys.modules["_cage"], marshal):',
    '        for name in ("loads", "_loads", "_dumps", "prepare", "run"): setattr(module, name, lambda *a: main.__code__)',
    '    builtins.compile = builtins.exec = lambda *a, **k: None',
    '    return result',
    'def helper(): return "right"',
  ].join('\n');
  for (let round = 0; round < 20; round++) expect(await value(meddler)).toEqual({ x: 'right', seen: [1, 2], loads: 3 });
});

test('numbers of files tell nothing of earlier runs', async () => {
  const look = main('import os', 'open("/tmp/a", "w").close()', 'return {"x": os.stat("/tmp/a").st_ino}');
  const first = await value(look);
  for (let round = 0; round < 12; round++)
    await value(main('for i in range(50): open(f"/tmp/{i}", "w").close()', 'return {}'));
  expect(await value(look)).toEqual(first);
});

test('the helper process has survived all of it', () => {
  expect(errors).toEqual([]);
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodeRunner } from '../index.js';
import { runCode } from '../testing/attack.js';

const errors: Error[] = [];
// A slow machine may take long to compile what is imported.
const runner = createCodeRunner({ timeLimitMs: 60_000, checkEvery: 1, onError: (error) => errors.push(error) });
afterAll(() => runner.close());

const valueOf = async (code: string, with_ = runner): Promise<unknown> => {
  const result = await runCode(with_, 'python3', code);
  return result.status === 'returned' ? JSON.parse(result.value) : result;
};

/** Modules that authors may count on. */
const modules = `
abc argparse array ast asyncio base64 binascii bisect bz2 calendar cmath codecs collections colorsys configparser contextlib
contextvars copy csv dataclasses datetime decimal difflib email enum fractions functools glob graphlib gzip hashlib heapq hmac
html html.parser http.client inspect io ipaddress itertools json keyword locale logging lzma math mimetypes numbers operator os
pathlib pickle platform pprint queue quopri random re reprlib secrets shlex shutil sqlite3 statistics string struct sys tempfile
textwrap threading time timeit tomllib traceback types typing unicodedata unittest urllib.parse urllib.request uuid warnings
weakref xml.dom.minidom xml.etree.ElementTree zipfile zlib zoneinfo`;

test('the modules of the standard library can be imported', async () => {
  const code = `
import importlib
def main():
    missing = []
    for name in """${modules}""".split():
        try:
            importlib.import_module(name)
        except Exception as error:
            missing.append(name + ": " + str(error))
    return missing`;
  expect(await valueOf(code)).toEqual([]);
}, 120_000);

test.each<[string, string, unknown]>([
  [
    'JSON',
    'import json\ndef main(): return json.loads(json.dumps({"a": [1, 2.5, None, True, "é"]}))',
    { a: [1, 2.5, null, true, 'é'] },
  ],
  [
    'text',
    'import re, textwrap\ndef main(): return [re.sub(r"(\\w+)", r"<\\1>", "a b"), textwrap.shorten("a b c d e", 7)]',
    ['<a> <b>', 'a [...]'],
  ],
  [
    'code that the compiler warns of',
    'import re\ndef main(a=1): return [re.findall("\\d+", "a12"), a is 1]',
    [['12'], true],
  ],
  [
    'time is UTC',
    'import time, datetime as d\ndef main(): return [time.strftime("%Z"), d.datetime.fromtimestamp(0).isoformat()]',
    ['UTC', '1970-01-01T00:00:00'],
  ],
  [
    'parsed time',
    'from datetime import datetime\ndef main(): return datetime.strptime("29 Feb 2024", "%d %b %Y").isoformat()',
    '2024-02-29T00:00:00',
  ],
  [
    'time before 1970',
    'from datetime import datetime\ndef main(): return datetime(1900, 3, 1).timestamp()',
    -2203891200,
  ],
  [
    'time zones',
    `from datetime import datetime, timezone
from zoneinfo import ZoneInfo
def main():
    at = lambda month, zone: datetime(2024, month, 1, tzinfo=timezone.utc).astimezone(ZoneInfo(zone)).isoformat()
    return [at(1, "Europe/Berlin"), at(7, "Europe/Berlin"), at(7, "America/New_York"), at(7, "Asia/Kolkata")]`,
    [
      '2024-01-01T01:00:00+01:00',
      '2024-07-01T02:00:00+02:00',
      '2024-06-30T20:00:00-04:00',
      '2024-07-01T05:30:00+05:30',
    ],
  ],
  [
    'an unknown time zone',
    'from zoneinfo import ZoneInfo\ndef main():\n    try: ZoneInfo("Nowhere/Here")\n    except KeyError as e: return type(e).__name__',
    'ZoneInfoNotFoundError',
  ],
  [
    'hashes',
    'import hashlib, hmac\ndef main(): return [hashlib.md5(b"x").hexdigest(), hmac.new(b"k", b"m", "sha256").hexdigest()[:8]]',
    ['9dd4e461268c8034f5c8564e155c67a6', 'b60090e3'],
  ],
  [
    'key derivation',
    'import hashlib\ndef main(): return hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 2).hex()',
    'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957',
  ],
  [
    'exact numbers',
    'from decimal import Decimal as D\nfrom fractions import Fraction as F\ndef main(): return [str(D("0.1") + D("0.2")), str(F(1, 3) + F(1, 6))]',
    ['0.3', '1/2'],
  ],
  [
    'tables',
    'import csv, io\ndef main(): return list(csv.DictReader(io.StringIO("a,b\\n1,\\"x, y\\"")))',
    [{ a: '1', b: 'x, y' }],
  ],
  [
    'XML',
    'import xml.etree.ElementTree as E\ndef main(): return [e.text for e in E.fromstring("<a><b>1</b><b>2</b></a>")]',
    ['1', '2'],
  ],
  [
    'classes of the module',
    `from dataclasses import dataclass, asdict
import pickle
@dataclass
class Point:
    x: int = 1
def main(): return [asdict(Point()), asdict(pickle.loads(pickle.dumps(Point(2))))]`,
    [{ x: 1 }, { x: 2 }],
  ],
  [
    'scratch files',
    'import tempfile\ndef main():\n    with tempfile.TemporaryFile("w+") as f:\n        f.write("hé")\n        f.seek(0)\n        return f.read()',
    'hé',
  ],
  [
    'archives',
    'import zipfile, io\ndef main():\n    b = io.BytesIO()\n    with zipfile.ZipFile(b, "w") as z: z.writestr("a.txt", "x" * 99)\n    return zipfile.ZipFile(b).namelist()',
    ['a.txt'],
  ],
  [
    'tasks',
    'import asyncio\nasync def f(x):\n    await asyncio.sleep(0.01)\n    return x\nasync def g(): return await asyncio.gather(f(1), f(2))\ndef main(): return asyncio.run(g())',
    [1, 2],
  ],
  [
    'waiting',
    'import time\ndef main():\n    t = time.monotonic()\n    time.sleep(0.05)\n    return time.monotonic() - t >= 0.05',
    true,
  ],
  [
    'output that nobody reads',
    'import logging, sys\nlogging.warning("x")\ndef main():\n    print("y", file=sys.stderr)\n    return {}',
    {},
  ],
  ['no input', 'def main():\n    try: input()\n    except EOFError: return "end"', 'end'],
  ['the main module', 'def main(): return __name__', '__main__'],
  [
    'Unicode',
    'import unicodedata as u\ndef main(): return [len("a😀"), u.name("é"), "ß".upper(), u.normalize("NFD", "é") == "e\\u0301"]',
    [2, 'LATIN SMALL LETTER E WITH ACUTE', 'SS', true],
  ],
  [
    'a database in memory',
    'import sqlite3\ndef main(): return sqlite3.connect(":memory:").execute("select 1 + 1").fetchone()',
    [2],
  ],
])('%s', async (_name, code, expected) => {
  expect(await valueOf(code)).toEqual(expected);
});

test('random numbers, keys and ids differ between runs', async () => {
  const code =
    'import random, secrets, uuid\ndef main(): return [random.random(), secrets.token_hex(8), str(uuid.uuid4())]';
  const [first, second] = [await valueOf(code), await valueOf(code)];
  expect((first as unknown[]).filter((value, index) => value === (second as unknown[])[index])).toEqual([]);
});

test('wheels of the operator’s folder can be imported', async () => {
  const packagesDir = mkdtempSync(join(tmpdir(), 'millrace-wheels-'));
  const makeWheel = `
import base64, io, zipfile
def main():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("greeting/__init__.py", "from .words import hello")
        wheel.writestr("greeting/words.py", "def hello(name): return f'Hello, {name}'")
        wheel.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n")
    return base64.b64encode(file.getvalue()).decode()`;
  writeFileSync(
    join(packagesDir, 'greeting-1.0-py3-none-any.whl'),
    Buffer.from(String(await valueOf(makeWheel)), 'base64'),
  );
  writeFileSync(join(packagesDir, 'README.txt'), 'no wheel');
  const other = createCodeRunner({ packagesDir });
  const code = `
import greeting, importlib.metadata
def main(): return [greeting.hello("you"), importlib.metadata.version("greeting")]`;
  try {
    expect(await valueOf(code, other)).toEqual(['Hello, you', '1.0']);
  } finally {
    await other.close();
  }
}, 120_000);

test('each run was undone, as far as its last byte', () => {
  expect(errors).toEqual([]);
});

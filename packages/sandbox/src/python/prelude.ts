/**
 * Modules that are imported before the snapshot is taken: in every run they are there at once. Others of the standard library
 * are imported, and compiled, when code asks for them.
 */
const ready = [
  ...[
    'abc',
    'ast',
    'base64',
    'binascii',
    'bisect',
    'calendar',
    'codecs',
    'collections',
    'collections.abc',
    'contextlib',
  ],
  ...[
    'copy',
    'csv',
    'dataclasses',
    'datetime',
    'decimal',
    'difflib',
    'enum',
    'fractions',
    'functools',
    'hashlib',
    'heapq',
  ],
  ...[
    'hmac',
    'html',
    'html.parser',
    'io',
    'itertools',
    'json',
    'logging',
    'math',
    'numbers',
    'operator',
    'os',
    'pathlib',
  ],
  ...['pprint', 'random', 're', 'secrets', 'statistics', 'string', 'struct', 'textwrap', 'time', 'traceback', 'types'],
  ...[
    'typing',
    'unicodedata',
    'urllib.parse',
    'uuid',
    'warnings',
    'xml.etree.ElementTree',
    'zlib',
    'zoneinfo',
    '_strptime',
  ],
  ...[
    'linecache',
    'select',
    'tempfile',
    'inspect',
    'threading',
    'locale',
    'encodings.idna',
    'encodings.ascii',
    'asyncio',
  ],
];

/**
 * Runs once, before the snapshot. Defines `_cage.prepare`, which takes code in UTF-8 and returns `C` and its compiled form, and
 * `_cage.run`, which takes the lengths of code and form in ten digits each, the code, the form, and the inputs, and returns `R` and the JSON of the
 * result. Both return `E`, the name of the exception, a new line and the error's text when something was raised.
 */
export const prelude = `
import gc, importlib, sys, types

for name in ${JSON.stringify(ready)}:
    importlib.import_module(name)

cage = types.ModuleType("_cage")
sys.modules["_cage"] = cage
exec(compile(${JSON.stringify(pythonSource())}, "<cage>", "exec"), cage.__dict__)
# The bridge to JavaScript and foreign functions are not there; code that tries them is told so at the import.
for name in ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core", "_ctypes"):
    sys.modules[name] = None
del cage, name
gc.collect()
gc.freeze()
`;

function pythonSource(): string {
  return `
import asyncio, hashlib, hmac, json, linecache, marshal, os, random, select, sys, time, traceback, types, zoneinfo

_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":")).encode
_dumps, _loads = marshal.dumps, marshal.loads
_poll = select.poll
_urandom = os.urandom
_longest = 8000

def sleep(seconds, /):
    """Suspends execution for the given number of seconds."""
    milliseconds = seconds * 1000
    if milliseconds < 0:
        raise ValueError("sleep length must be non-negative")
    _poll().poll(milliseconds)

# The one of the C library burns its time.
time.sleep = sleep

# Event loops work for timers and tasks. There are no sockets through which another thread could wake them.
asyncio.selector_events.BaseSelectorEventLoop._make_self_pipe = lambda self: None
asyncio.selector_events.BaseSelectorEventLoop._close_self_pipe = lambda self: None
asyncio.selector_events.BaseSelectorEventLoop._write_to_self = lambda self: None

zoneinfo.reset_tzpath(["/usr/share/zoneinfo"])

def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function."""
    base = hmac.new(password, None, hash_name)
    size = base.digest_size if dklen is None else dklen
    if iterations < 1 or size < 1:
        raise ValueError("iterations and dklen must be at least 1")
    derived = b""
    block = 0
    while len(derived) < size:
        block += 1
        mac = base.copy()
        mac.update(salt + block.to_bytes(4, "big"))
        step = mac.digest()
        total = int.from_bytes(step, "big")
        for _ in range(iterations - 1):
            mac = base.copy()
            mac.update(step)
            step = mac.digest()
            total ^= int.from_bytes(step, "big")
        derived += total.to_bytes(base.digest_size, "big")
    return derived[:size]

# Elsewhere it comes from OpenSSL, which is not here.
hashlib.pbkdf2_hmac = pbkdf2_hmac

def _bytes(text):
    return text.encode("utf-8", "backslashreplace")

def _user_frames(tb):
    while tb is not None and tb.tb_frame.f_code.co_filename == "<cage>":
        tb = tb.tb_next
    return tb

def _describe(error):
    try:
        tb = _user_frames(error.__traceback__)
        # Where nothing of the user's is involved (the result cannot be encoded), the message alone tells.
        known = any(frame.f_code.co_filename == "<code>" for frame, _ in traceback.walk_tb(tb))
        lines = traceback.TracebackException(type(error), error, tb if known else None, limit=-30, compact=True)
        text = "".join(lines.format(chain=known) if known else lines.format_exception_only()).strip()
    except BaseException as other:
        text = type(error).__name__ + ": (its text could not be made: " + type(other).__name__ + ")"
    if len(text) > _longest:
        half = _longest // 2
        text = text[:half] + "\\n… " + str(len(text) - _longest) + " characters left out …\\n" + text[-half:]
    return text

def _call(code, prepared, inputs):
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    space = main_module.__dict__
    linecache.cache["<code>"] = (len(code), None, code.splitlines(True), "<code>")
    exec(_loads(prepared), space)
    main = space.get("main")
    if main is None:
        raise NameError("the code defines no function main")
    value = main(**inputs)
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(value).encode()

def _failure(error):
    return b"E" + _bytes(type(error).__name__) + b"\\n" + _bytes(_describe(error))

def prepare(code):
    try:
        return b"C" + _dumps(compile(code.decode(), "<code>", "exec", dont_inherit=True))
    except BaseException as error:
        return _failure(error)

def run(request):
    # Without an argument it would draw 2.5 kB of random bytes.
    random.seed(int.from_bytes(_urandom(32)))
    try:
        end = int(request[:10]) + 20
        start = int(request[10:20]) + end
        part = memoryview(request)
        return b"R" + _call(str(part[20:end], "utf-8"), part[end:start], _decode(str(part[start:], "utf-8")))
    except BaseException as error:
        return _failure(error)
`;
}

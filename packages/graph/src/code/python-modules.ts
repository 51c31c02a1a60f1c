const words = (text: string): string[] => text.trim().split(/\s+/);

/** Top-level modules of CPython 3.14 that the cage has (Pyodide 314.0: each of them was imported there). */
const available = new Set(
  words(`
  __future__ __main__ abc annotationlib argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar
  cmath cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib contextvars copy
  copyreg csv dataclasses datetime decimal difflib dis doctest email encodings enum errno faulthandler fcntl filecmp fileinput
  fnmatch fractions functools gc genericpath getopt getpass gettext glob graphlib gzip hashlib heapq hmac html http
  importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap
  modulefinder netrc ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil
  platform plistlib posix posixpath pprint profile pstats py_compile pyclbr pydoc pyexpat queue quopri random re reprlib
  rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site sqlite3 sre_compile sre_constants sre_parse
  stat statistics string stringprep struct symtable sys sysconfig tabnanny tarfile tempfile termios textwrap threading time
  timeit token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest urllib uuid warnings wave
  weakref wsgiref xml zipapp zipfile zipimport zlib zoneinfo`),
);

const noNetwork = 'the cage has no network: use an HTTP Request node and pass its body in';
const noModel = 'the cage has no network: use an LLM node';
const noDatabase = 'the cage has neither network nor files: reach the data through an HTTP Request node';
const noProcess = 'the cage starts no processes: there is no replacement';
const noThreads = 'the cage starts no threads: call one after the other';
const noHost = 'the cage gives no way to its host';
const notThere = 'this part of the standard library is not in the cage';
const removed = 'it is no longer part of Python';
const own = 'the operator can add it to CODE_PYTHON_PACKAGES_DIR as a wheel for Pyodide';
const compiled = `it has compiled parts and is not available in the cage: use pure Python, or ${own}`;
const pure = `it is not part of Python and not available in the cage: do without it, or ${own}`;

const wheel = (instead: string) => `it is not available in the cage: use ${instead}, or ${own}`;

/** Why a module cannot be had, and what to do instead; a dotted name goes before its package's. */
const remedies: ReadonlyMap<string, string> = new Map(
  (
    [
      [
        noNetwork,
        `requests httpx aiohttp urllib3 urllib.request http.client http.server socket socketserver ssl ftplib smtplib imaplib
         poplib telnetlib xmlrpc webbrowser websocket websockets paramiko boto3 botocore selenium playwright feedparser`,
      ],
      [
        noModel,
        'openai anthropic google.generativeai langchain langchain_core langchain_openai dashscope zhipuai ollama',
      ],
      [noDatabase, 'dbm pymysql MySQLdb mysql psycopg psycopg2 sqlalchemy redis pymongo elasticsearch oracledb pyodbc'],
      [
        noProcess,
        'subprocess multiprocessing pty _posixsubprocess pexpect os.system os.popen os.fork os.execv os.spawnv',
      ],
      [noThreads, 'concurrent.futures _thread joblib'],
      [noHost, 'js pyodide pyodide_js _pyodide micropip ctypes cffi'],
      [
        notThere,
        `tkinter turtle turtledemo curses readline grp pwd resource syslog venv ensurepip idlelib
         winreg winsound msvcrt pydoc_data`,
      ],
      [
        removed,
        `distutils imp asyncore asynchat smtpd cgi cgitb crypt pipes nntplib spwd uu xdrlib audioop aifc chunk imghdr
         mailcap nis sndhdr sunau ossaudiodev lib2to3`,
      ],
      [
        compiled,
        `numpy pandas scipy matplotlib seaborn plotly sklearn torch tensorflow PIL cv2 lxml cryptography Crypto polars pyarrow
         shapely skimage statsmodels xgboost tiktoken regex fitz`,
      ],
      [wheel('json, which the standard library has'), 'simplejson ujson orjson'],
      [wheel('zoneinfo'), 'pytz'],
      [wheel('xml.etree.ElementTree or html.parser'), 'bs4 xmltodict'],
      [wheel('csv for tables'), 'openpyxl xlrd xlsxwriter'],
    ] as const
  ).flatMap(([remedy, names]) => words(names).map((name): [string, string] => [name, remedy])),
);

/** Parts of the longest name among the remedies; what comes behind them says nothing. */
const mostParts = Math.max(...[...remedies.keys()].map((name) => name.split('.').length));

/** Why a dotted name cannot be imported in the cage and what helps; `undefined` when nothing speaks against it. */
export function pythonRemedy(name: string): { module: string; remedy: string } | undefined {
  const parts = name.split('.', mostParts);
  for (let length = parts.length; length > 0; length -= 1) {
    const module = parts.slice(0, length).join('.');
    const remedy = remedies.get(module);
    if (remedy !== undefined) return { module, remedy };
  }
  const [module = ''] = parts;
  return available.has(module) || module.startsWith('_') ? undefined : { module, remedy: pure };
}

import { codeWarnings, missingInCage } from './code-warnings.js';

const python = (source: string): string[] => missingInCage('python3', source);
const script = (source: string): string[] => missingInCage('javascript', source);

describe('Python', () => {
  it('what most workflows import is there', () => {
    const common =
      'import json, re, time, datetime, os, io, base64, unicodedata, hmac, hashlib, logging, pathlib, math, random, uuid\n' +
      'import collections, itertools, functools, typing, html, csv, decimal, statistics, textwrap, string, copy, traceback\n' +
      'from urllib.parse import quote, urlencode\nfrom datetime import datetime, timedelta\nimport os.path\n' +
      'import xml.etree.ElementTree as ET, sqlite3, lzma, tomllib\nfrom html.parser import HTMLParser\nfrom http import HTTPStatus';
    expect(python(common)).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['import requests', 'requests', /HTTP Request node/],
    ['import httpx', 'httpx', /HTTP Request node/],
    ['from urllib import request', 'urllib.request', /HTTP Request node/],
    ['import urllib.request as r', 'urllib.request', /HTTP Request node/],
    ['from http.client import HTTPSConnection', 'http.client', /no network/],
    ['import socket', 'socket', /no network/],
    ['import ssl', 'ssl', /no network/],
    ['from openai import OpenAI', 'openai', /LLM node/],
    ['import numpy as np', 'numpy', /pure Python, or the operator can add it to CODE_PYTHON_PACKAGES_DIR/],
    ['import pandas as pd', 'pandas', /CODE_PYTHON_PACKAGES_DIR/],
    ['import matplotlib.pyplot as plt', 'matplotlib', /compiled parts/],
    ['from PIL import Image', 'PIL', /compiled parts/],
    ['import jieba', 'jieba', /not part of Python/],
    ['from sympy import symbols', 'sympy', /CODE_PYTHON_PACKAGES_DIR/],
    ['from json_repair import repair_json', 'json_repair', /CODE_PYTHON_PACKAGES_DIR/],
    ['import my_company_module', 'my_company_module', /not part of Python/],
    ['import subprocess', 'subprocess', /no processes/],
    ['from multiprocessing import Pool', 'multiprocessing', /no processes/],
    ['from os import system', 'os.system', /no processes/],
    ['from concurrent.futures import ThreadPoolExecutor', 'concurrent.futures', /no threads/],
    ['import dbm', 'dbm', /neither network nor files/],
    ['import pymysql', 'pymysql', /HTTP Request node/],
    ['import tkinter', 'tkinter', /standard library is not in the cage/],
    ['import curses', 'curses', /standard library is not in the cage/],
    ['import cgi', 'cgi', /no longer part of Python/],
    ['from js import document', 'js', /no way to its host/],
  ])('%s', (source, module, remedy) => {
    const warnings = python(source);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`imports '${module}': `);
    expect(warnings[0]).toMatch(remedy);
  });

  it('names each thing once, in the order of the source', () => {
    const source = 'import pandas\nfrom pandas import DataFrame\nimport requests\nimport pandas as pd';
    expect(python(source).map((text) => text.split(':')[0])).toEqual(["imports 'pandas'", "imports 'requests'"]);
  });

  it('says so when the code is ready for it', () => {
    expect(python('try:\n    import orjson as json\nexcept ImportError:\n    import json')).toEqual([
      expect.stringMatching(/^tries to import 'orjson' and will go on without it: /) as string,
    ]);
  });

  it('a name of many parts costs no more than one of few', () => {
    expect(python(`import urllib.request${'.a'.repeat(60)}`)).toEqual([expect.stringContaining("'urllib.request'")]);
    expect(python(`import ${'a.'.repeat(100_000)}b`)).toEqual([]);
  });

  it('knows calls that fail only when they are made', () => {
    expect(python('import os\nos.system("ls")\nos . popen("x")')).toEqual([
      "calls 'os.system': the cage starts no processes",
      "calls 'os.popen': the cage starts no processes",
    ]);
    expect(python('import threading\nlock = threading.Lock()')).toEqual([]);
    expect(python('import threading\nthreading.Thread(target=f).start()')).toHaveLength(1);
    expect(python('import os\n# os.system("x")\nx = "os.system(1)"; os.system')).toEqual([]);
  });
});

describe('JavaScript', () => {
  it.each([
    ["const fs = require('fs')", "'require'"],
    ["import _ from 'lodash'", "'import'"],
    ["const m = await import('x')", "'import'"],
    ["const r = fetch('https://x')", 'network'],
    ['new XMLHttpRequest()', 'network'],
    ['async function main({a}) { return {} }', 'async main'],
    ['const main = async ({a}) => ({})', 'async main'],
  ])('%s', (source, text) => expect(script(source)).toEqual([expect.stringContaining(text) as string]));

  it.each([
    'function main({a}) { return { b: a } }',
    "// require('x')\nconst s = 'fetch(1)' + `import x`; /* import y\n import z */",
    'api.fetch(1); const prefetch = x => x; prefetch(2)',
    "const important = 1;\nconst s = a.replace(/'/g, '');\nfunction main() { return {} }",
  ])('%s passes', (source) => expect(script(source)).toEqual([]));
});

it('names the node by its title, else by its id, and passes over everything odd', () => {
  const code = { type: 'code', code_language: 'python3', code: 'import numpy' };
  const graph = {
    nodes: [
      { id: '1', data: { ...code, title: 'Count' } },
      { id: 2, data: code },
      { id: '3', data: { ...code, type: 'llm' } },
      { id: '4', data: { ...code, code: null } },
      { id: '5', data: { ...code, code_language: 'ruby' } },
      null,
      'x',
      { id: '6' },
    ],
  };
  expect(codeWarnings(graph).map((text) => text.split(' imports ')[0])).toEqual(["Code node 'Count'", "Code node '2'"]);
  expect(codeWarnings({})).toEqual([]);
});

it('tells at most 50 findings of a node', () => {
  const code = Array.from({ length: 1_000 }, (_, i) => `import numpy${i}`).join('\n');
  const node = { data: { type: 'code', code_language: 'python3', code } };
  expect(codeWarnings({ nodes: [node, node] })).toHaveLength(100);
});

it.each(['\r', '\n', ' ', '\r\n ', 'import '])('takes linear time on %j', (unit) => {
  expect(script(unit.repeat(300_000)).length).toBeLessThan(2);
});

import { pythonImports } from './python-imports.js';

const names = (source: string): string[] =>
  pythonImports(source).map(({ name, guarded }) => (guarded ? `?${name}` : name));

it.each<[string, string, string[]]>([
  ['a plain import', 'import numpy', ['numpy']],
  ['several, with aliases', 'import numpy as np, os.path, json as j', ['numpy', 'os.path', 'json']],
  ['members', 'from os import system, path as p', ['os', 'os.system', 'os.path']],
  ['brackets over lines', 'from a.b import (\n  c,  # not d\n  e,\n)\nx = 1', ['a.b', 'a.b.c', 'a.b.e']],
  ['a continued line', 'import a, \\\n  b\nfrom c \\\n  import d', ['a', 'b', 'c', 'c.d']],
  ['a star', 'from math import *', ['math', 'math.*']],
  ['in a function', 'def main(x):\n    import re\n    return {}', ['re']],
  ['in one line', 'def main(x): import re; import os; return {}', ['re', 'os']],
  ['after a semicolon', 'x = 1; import re', ['re']],
  ['with tabs and Windows lines', 'if x:\r\n\timport re, \\\r\n io\r\nimport os\r\n', ['re', 'io', 'os']],
  ['a relative one is passed over', 'from . import x\nfrom .a import b', []],
  ['a comment', '# import numpy\nx = 1 # import pandas', []],
  ['texts', 'a = "import x"\nb = \'import y\'\nc = "it\'s"\nimport re', ['re']],
  ['a long text', 'x = """\nimport numpy\n"quoted" \\"""\nimport pandas\n"""\nimport re', ['re']],
  ['a raw text', "p = r'\\'\nimport re", ['re']],
  ['a text that never ends', 'x = "abc\nimport re\ny = """\nimport os', ['re']],
  ['words that only look like it', 'important = 1\nimport_me()\nreimport = 2\nx.from_ = 3', []],
  ['a dictionary', "d = {\n  'import': 1,\n  import_: 2}\nimport re", ['re']],
  ['nothing', '', []],
  ['a bare import', 'import', []],
])('%s', (_, source, found) => expect(names(source)).toEqual(found));

describe('try', () => {
  const attempt = (clause: string) => `try:\n    import a\n${clause}:\n    import b\nimport c`;

  it.each([
    ['except ImportError', ['?a', 'b', 'c']],
    ['except ModuleNotFoundError as e', ['?a', 'b', 'c']],
    ['except (ValueError, ImportError)', ['?a', 'b', 'c']],
    ['except Exception', ['?a', 'b', 'c']],
    ['except', ['?a', 'b', 'c']],
    ['except ValueError', ['a', 'b', 'c']],
    ['finally', ['a', 'b', 'c']],
  ])('%s', (clause, found) => expect(names(attempt(clause))).toEqual(found));

  it('nests, and ends with its block', () => {
    const source = [
      'def f():',
      '    try:',
      '        try: import a',
      '        except KeyError: pass',
      '        import b',
      '    except ImportError:',
      '        b = None',
      '    import c',
      'try:',
      '    import d',
      'except KeyError: pass',
      'except ImportError: pass',
      'else: import e',
    ].join('\n');
    expect(names(source)).toEqual(['?a', '?b', 'c', '?d', 'e']);
  });
});

it('takes linear time on hostile sources', () => {
  for (const part of ['"', "'''", '\\\n', '(', 'try:\n', 'import ', 'from a import ', '\n ', ' ', 'except ', ':', '#'])
    expect(() => pythonImports(part.repeat(200_000))).not.toThrow();
  const nested = Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}try:\n`).join('');
  for (const source of [
    `from ${'a.'.repeat(100_000)}b import ${'x,'.repeat(50_000)}`,
    `${nested}${' '.repeat(1_000)}${'import a;'.repeat(50_000)}`,
  ])
    expect(() => pythonImports(source)).not.toThrow();
});

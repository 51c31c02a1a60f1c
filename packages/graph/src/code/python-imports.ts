import { bareSource } from './bare-source.js';

/** Something that Python code imports. */
export interface PythonImport {
  /** Dotted name: the module, and for `from a import b` also `a.b`. */
  name: string;
  /** Whether the code goes on without it, by `try` … `except ImportError`. */
  guarded: boolean;
}

interface Statement {
  /** Columns in front of it; what follows a colon on the same line counts as further in. */
  indent: number;
  text: string;
}

/** Cuts bare source at line ends, semicolons and colons outside brackets; empty pieces are left out. */
function statements(bare: string): Statement[] {
  const found: Statement[] = [];
  let [depth, from, indent] = [0, 0, 0];
  const add = (to: number) => {
    const text = bare.slice(from, to).trim().replaceAll('\\\n', ' ');
    if (text !== '') found.push({ indent, text });
  };
  const startLine = (at: number) => {
    const text = bare.slice(at).search(/[^ \t]/);
    [from, indent] = [at, text < 0 ? 0 : text];
  };
  startLine(0);
  for (const { index, 0: mark } of bare.matchAll(/[([{)\]}\n;:]/g)) {
    if ('([{'.includes(mark)) depth += 1;
    else if (')]}'.includes(mark)) depth = Math.max(0, depth - 1);
    else if (depth === 0 && !(mark === '\n' && bare[index - 1] === '\\')) {
      add(index);
      if (mark === '\n') startLine(index + 1);
      else from = index + 1;
      if (mark === ':') indent += 1;
    }
  }
  add(bare.length);
  return found;
}

const importStatement = /^import\s+(.+)$/s;
const fromStatement = /^from\s+([\p{L}\p{N}_.]+)\s+import\b([^]*)$/u;

/** Longer ones are no names of modules that anybody knows. */
const longestName = 200;
/** Python compiles no deeper nesting. */
const deepestTry = 20;

/** `a.b as c, d` without brackets and aliases. */
const listed = (names: string): string[] =>
  names
    .replace(/[()]/g, ' ')
    .split(',')
    .map((each) => each.trim().split(/\s/)[0] ?? '')
    .filter((name) => name !== '' && name.length <= longestName);

function importedBy({ text }: Statement): string[] {
  const names = importStatement.exec(text)?.[1];
  if (names !== undefined) return listed(names);
  const [, module, members] = fromStatement.exec(text) ?? [];
  if (module === undefined || module.startsWith('.') || module.length > longestName) return [];
  return [module, ...listed(members ?? '').map((member) => `${module}.${member}`)];
}

const catches = /^except(?:$|.*\b(?:ImportError|ModuleNotFoundError|Exception|BaseException)\b)/s;

/** Everything that Python source imports, at any place in it. */
export function pythonImports(source: string): PythonImport[] {
  const found: PythonImport[] = [];
  const tries: { indent: number; inBody: boolean; imports: PythonImport[] }[] = [];
  for (const statement of statements(bareSource(source.replaceAll('\r\n', '\n'), 'python3'))) {
    const { indent, text } = statement;
    const isClause = /^(?:except|else|finally)\b/.test(text);
    for (let last = tries.at(-1); last && indent <= last.indent; last = tries.at(-1)) {
      if (isClause && indent === last.indent) {
        last.inBody = false;
        if (catches.test(text)) for (const each of last.imports) each.guarded = true;
        break;
      }
      tries.pop();
    }
    if (text === 'try' && tries.length < deepestTry) tries.push({ indent, inBody: true, imports: [] });
    for (const name of importedBy(statement)) {
      const each: PythonImport = { name, guarded: false };
      found.push(each);
      for (const { inBody, imports } of tries) if (inBody) imports.push(each);
    }
  }
  return found;
}

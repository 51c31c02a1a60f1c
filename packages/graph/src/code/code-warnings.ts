import type { ValueObject } from '@millrace/contracts';
import { pythonStr } from '../values/python.js';
import { isObject } from '../values/types.js';
import { bareSource } from './bare-source.js';
import { pythonImports } from './python-imports.js';
import { pythonRemedy } from './python-modules.js';

/** What a piece of code uses that the cage does not have, each with a remedy, once each. */
export function missingInCage(language: string, source: string): string[] {
  if (language === 'python3') return [...new Set([...missingImports(source), ...missingCalls(source)])];
  return language === 'javascript' ? missingInJavaScript(source) : [];
}

function missingImports(source: string): string[] {
  return pythonImports(source).flatMap(({ name, guarded }) => {
    const missing = pythonRemedy(name);
    if (!missing) return [];
    const { module, remedy } = missing;
    return guarded
      ? [`tries to import '${module}' and will go on without it: ${remedy}`]
      : [`imports '${module}': ${remedy}`];
  });
}

const processCall = /\bos\s*\.\s*(system|popen|fork|exec[lv]\w*|spawn[lv]\w*|posix_spawnp?)\s*\(/g;
const threadStart = /\bthreading\s*\.\s*(Thread|Timer)\s*\(/g;

/** Calls that only fail when they are made; the modules themselves are there. */
function missingCalls(source: string): string[] {
  const bare = bareSource(source, 'python3');
  return [
    ...Array.from(bare.matchAll(processCall), ([, name]) => `calls 'os.${name}': the cage starts no processes`),
    ...Array.from(
      bare.matchAll(threadStart),
      ([, name]) => `uses 'threading.${name}': the cage starts no threads: call one after the other`,
    ),
  ];
}

const javaScriptRules: [RegExp, string][] = [
  [/\brequire\s*\(/, "calls 'require': the cage has no modules, only the language itself"],
  [/^[ \t]*import\b|\bimport\s*\(/m, "uses 'import': the cage has no modules, only the language itself"],
  [
    /(?<![\w$.])(?:fetch|XMLHttpRequest|WebSocket)\s*\(/,
    'calls the network: the cage has none, use an HTTP Request node and pass its body in',
  ],
  [/\basync\s+function\s+main\b|\bmain\s*=\s*async\b/, 'has an async main: its result is an empty object'],
];

function missingInJavaScript(source: string): string[] {
  const bare = bareSource(source, 'javascript');
  return javaScriptRules.filter(([pattern]) => pattern.test(bare)).map(([, text]) => text);
}

/** Of one node; whoever wrote more of them knows enough. */
const mostFindings = 50;

/** What the code nodes of a graph use that the cage does not have; node by node, for the author. */
export function codeWarnings(graph: ValueObject): string[] {
  const nodes = Array.isArray(graph['nodes']) ? graph['nodes'] : [];
  return nodes.flatMap((node) => {
    const data = isObject(node) ? node['data'] : undefined;
    if (!isObject(data) || data['type'] !== 'code' || typeof data['code'] !== 'string') return [];
    const title = pythonStr(data['title'] ?? (isObject(node) ? node['id'] : null) ?? '');
    const found = missingInCage(pythonStr(data['code_language'] ?? ''), data['code']);
    return found.slice(0, mostFindings).map((problem) => `Code node '${title}' ${problem}`);
  });
}

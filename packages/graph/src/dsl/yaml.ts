import { LineCounter, parse, YAMLParseError, type ScalarTag, type Tags } from 'yaml';
import type { Value } from '@millrace/contracts';
import { floatValue, integerValue } from '../values/json.js';
import { formatFloat } from '../values/numbers.js';
import { objectOf } from '../values/objects.js';
import { modernBreaks } from './line-breaks.js';

/** Kinds of YAML nodes that JSON knows too; dates stay text, sets and ordered maps are plain mappings. */
const keptTags = new Set(
  ['map', 'seq', 'str', 'null', 'bool', 'int', 'float', 'merge'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Deeper nesting is a mistake or an attack; everything after this may recurse. */
const maxDepth = 200;

/** PyYAML, which writes these files, reads `1e3` as text: a float has a dot, its exponent a sign. */
const pythonFloat = /^(?:[-+]?\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?$/;

/** Nor is `08` a number there, nor `08:30`: they are no octals, and decimals do not begin with a zero. */
const pythonInteger = /^[-+]?(?:0|[1-9][\d_]*)$/;
const pythonSexagesimal = /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/;

/** Unlike YAML 1.1, PyYAML reads a bare `y` or `n` as text: think of `position: { x: 1, y: 2 }`. */
const pythonBooleans = [
  /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/,
  /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
] as const;

/** What a scalar must look like to be of its kind; `undefined`: nothing looks like it; absent: what the library says. */
function pythonTest({ tag, format, test }: ScalarTag): { test?: RegExp | undefined } {
  switch (tag) {
    case 'tag:yaml.org,2002:bool':
      return { test: pythonBooleans[test?.test('true') === true ? 0 : 1] };
    case 'tag:yaml.org,2002:int':
      return format === undefined ? { test: pythonInteger } : format === 'TIME' ? { test: pythonSexagesimal } : {};
    case 'tag:yaml.org,2002:float':
      if (test?.test('.inf') === true) return {};
      return { test: format === undefined ? pythonFloat : undefined };
    default:
      return {};
  }
}

function pythonTags(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    if (typeof tag === 'string' || !keptTags.has(tag.tag)) return [];
    const scalar = { ...tag, ...pythonTest(tag as ScalarTag) };
    return 'test' in scalar && scalar.test === undefined ? [] : [scalar as typeof tag];
  });
}

type Parsed = null | undefined | boolean | number | bigint | string | Parsed[] | Map<Parsed, Parsed>;

function toValue(parsed: Parsed, depth = 0): Value {
  if (parsed === undefined || parsed === null) return null;
  if (typeof parsed === 'bigint') return integerValue(parsed);
  if (typeof parsed === 'number') return floatValue(parsed);
  if (typeof parsed !== 'object') return parsed;
  if (depth === maxDepth) throw new RangeError(`content is nested more than ${maxDepth} levels deep`);
  if (Array.isArray(parsed)) return parsed.map((item) => toValue(item, depth + 1));
  return objectOf(Array.from(parsed, ([key, member]) => [toKey(key), toValue(member, depth + 1)] as const));
}

/** Keys are texts here, as when Dify writes its JSON; floats are those of Python. */
function toKey(key: Parsed): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number') return formatFloat(key);
  if (typeof key === 'object' && key !== null) throw new Error('a key is a list or a mapping');
  return String(key ?? null);
}

/**
 * Reads YAML 1.1 as Dify's parser does, integers and floats apart. Throws `Error` with the reason for
 * bad text.
 */
export function parseYaml(text: string): Value {
  const lineCounter = new LineCounter();
  try {
    const parsed: unknown = parse(modernBreaks(text), {
      version: '1.1',
      intAsBigInt: true,
      uniqueKeys: false,
      customTags: pythonTags,
      logLevel: 'error',
      // Keeps keys in the order of the file.
      mapAsMap: true,
      lineCounter,
      // They look for the line of every error from the beginning of the text: a file of mistakes would take minutes.
      prettyErrors: false,
    });
    return toValue(parsed as Parsed);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const several = error.code === 'MULTIPLE_DOCS';
    const reason = several ? 'a second document (each app needs a file of its own)' : error.message;
    throw new Error(`${reason} at line ${line}, column ${col}`, { cause: error });
  }
}

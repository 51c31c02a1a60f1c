import { LineCounter, parse, YAMLParseError, type ScalarTag, type Tags } from 'yaml';
import type { Value } from '@millrace/contracts';
import { floatValue, integerValue } from '../values/json.js';

/** Kinds of YAML nodes that JSON knows too; dates stay text, sets and ordered maps are plain mappings. */
const keptTags = new Set(
  ['map', 'seq', 'str', 'null', 'bool', 'int', 'float', 'merge'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Deeper nesting is a mistake or an attack; everything after this may recurse. */
const maxDepth = 200;

/** PyYAML, which writes these files, reads `1e3` as text: a float has a dot, its exponent a sign. */
const pythonFloat = /^[-+]?(?:\d[\d_]*\.[\d_]*|\.[\d_]+)(?:[eE][-+]\d+)?$/;

/** Unlike YAML 1.1, PyYAML reads a bare `y` or `n` as text: think of `position: { x: 1, y: 2 }`. */
const pythonBooleans = [
  /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/,
  /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
] as const;

function pythonTags(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    if (typeof tag === 'string' || !keptTags.has(tag.tag)) return [];
    const scalar = tag as ScalarTag;
    if (tag.tag === 'tag:yaml.org,2002:bool') {
      return [{ ...scalar, test: pythonBooleans[scalar.test?.test('true') === true ? 0 : 1] }];
    }
    if (tag.tag !== 'tag:yaml.org,2002:float' || scalar.test?.test('.inf') === true) return [tag];
    return scalar.format === 'EXP' || scalar.format === 'TIME' ? [] : [{ ...scalar, test: pythonFloat }];
  });
}

type Parsed = null | undefined | boolean | number | bigint | string | Parsed[] | { [key: string]: Parsed };

function toValue(parsed: Parsed, depth = 0): Value {
  if (parsed === undefined || parsed === null) return null;
  if (typeof parsed === 'bigint') return integerValue(parsed);
  if (typeof parsed === 'number') return floatValue(parsed);
  if (typeof parsed !== 'object') return parsed;
  if (depth === maxDepth) throw new RangeError(`content is nested more than ${maxDepth} levels deep`);
  if (Array.isArray(parsed)) return parsed.map((item) => toValue(item, depth + 1));
  return Object.fromEntries(Object.entries(parsed).map(([key, member]) => [key, toValue(member, depth + 1)]));
}

/**
 * Reads YAML 1.1 as Dify's parser does, integers and floats apart. Throws `Error` with the reason for
 * bad text.
 */
export function parseYaml(text: string): Value {
  const lineCounter = new LineCounter();
  try {
    const parsed: unknown = parse(text, {
      version: '1.1',
      intAsBigInt: true,
      uniqueKeys: false,
      customTags: pythonTags,
      logLevel: 'error',
      lineCounter,
      // They look for the line of every error from the beginning of the text: a file of mistakes would take minutes.
      prettyErrors: false,
    });
    return toValue(parsed as Parsed);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new Error(`${error.message} at line ${line}, column ${col}`, { cause: error });
  }
}

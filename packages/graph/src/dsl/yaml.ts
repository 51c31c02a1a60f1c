import { type ScalarTag, type Tags, parse } from 'yaml';
import type { Value } from '@millrace/contracts';
import { floatValue, integerValue } from '../values/json.js';

/** PyYAML, which writes these files, reads `1e3` as text: a float needs a dot. */
const pythonFloat = /^[-+]?(?:\d[\d_]*\.[\d_]*|\.[\d_]+)(?:[eE][-+]\d+)?$/;

/** YAML 1.1 as Dify's parser has it, except that dates stay text: JSON has no dates. */
function pythonTags(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    if (typeof tag === 'string' || tag.tag === 'tag:yaml.org,2002:timestamp') return [];
    if (tag.tag !== 'tag:yaml.org,2002:float') return [tag];
    const scalar = tag as ScalarTag;
    if (scalar.format === 'EXP') return [];
    return scalar.format === undefined && !scalar.test?.test('1.5') ? [tag] : [{ ...scalar, test: pythonFloat }];
  });
}

type Parsed = null | boolean | number | bigint | string | Parsed[] | { [key: string]: Parsed } | Uint8Array | Set<unknown>;

function toValue(parsed: Parsed | undefined): Value {
  if (parsed === undefined || parsed === null) return null;
  if (typeof parsed === 'bigint') return integerValue(parsed);
  if (typeof parsed === 'number') return floatValue(parsed);
  if (typeof parsed !== 'object') return parsed;
  if (Array.isArray(parsed)) return parsed.map(toValue);
  if (parsed instanceof Uint8Array) return Buffer.from(parsed).toString('base64');
  if (parsed instanceof Set) return Array.from(parsed, (item) => toValue(item as Parsed));
  return Object.fromEntries(Object.entries(parsed).map(([key, member]) => [key, toValue(member)]));
}

/** Reads YAML into values, integers and floats apart. Throws `YAMLParseError`. */
export function parseYaml(text: string): Value {
  const parsed: unknown = parse(text, {
    version: '1.1',
    intAsBigInt: true,
    uniqueKeys: false,
    customTags: pythonTags,
    logLevel: 'error',
  });
  return toValue(parsed as Parsed);
}

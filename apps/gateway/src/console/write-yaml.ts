import { Float, type Value, type ValueObject } from '@millrace/contracts';
import { Scalar, stringify } from 'yaml';
import { isObject } from './fields.js';

/** Texts that every reader of YAML takes for texts, or that the writer quotes by itself (`yes`, `null`). */
const plain = /^[A-Za-z_][\w./-]*$/;

/** Characters that PyYAML refuses, or takes for the end of a line. */
const odd = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/;
const oddEverywhere = /[\x7f-\x9f\u2028\u2029\ufeff]/g;

/** Texts of several lines that stay readable as a block. */
const isBlock = (text: string): boolean => text.includes('\n') && !odd.test(text) && !/^\s|[ \t](?:\n|$)/.test(text);

/**
 * A mapping as YAML that Dify's reader takes for the same: PyYAML has its own mind about `=`, `<<`, dates and tabs, so that a text is
 * quoted unless it is a word or a block.
 */
export function writeYaml(file: ValueObject): string {
  const text = stringify(yamlForm(file), {
    version: '1.1',
    // It would write `<<` without quotes.
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge'),
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    doubleQuotedAsJSON: true,
  });
  // They stand in quotes only.
  return text.replace(oddEverywhere, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What the writer understands: an integral float keeps its `.0`. */
function yamlForm(value: Value): unknown {
  if (typeof value === 'string') return plain.test(value) || isBlock(value) ? value : quoted(value);
  if (value instanceof Float) {
    const scalar = new Scalar(value.value);
    scalar.minFractionDigits = 1;
    return scalar;
  }
  if (Array.isArray(value)) return value.map(yamlForm);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, yamlForm(member)]));
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

import type { Selector, Value, ValueObject } from '@millrace/contracts';
import { isFile, isObject } from './types.js';

/** Variables by the first part of a selector: a node's outputs, or `sys`, `env`. */
export type Pool = (key: string) => ValueObject | undefined;

/** What the third part of a selector may read from a file, and where it stands in the file's JSON form. */
export const fileAttributes: Readonly<Record<string, string>> = {
  type: 'type',
  size: 'size',
  name: 'filename',
  mime_type: 'mime_type',
  transfer_method: 'transfer_method',
  url: 'url',
  extension: 'extension',
  related_id: 'related_id',
};

const own = (holder: ValueObject, key: string): Value | undefined =>
  Object.hasOwn(holder, key) ? holder[key] : undefined;

const systemNames = /^(sys|env|conversation)\.(.+)$/;

function stored(pool: Pool, first: string, name: string, startId: string | undefined): Value | undefined {
  const outputs = pool(first);
  const value = outputs && own(outputs, name);
  if (value !== undefined) return value;
  // Old files read system variables through the start node: [startId, "sys.query"].
  const dotted = first === startId ? systemNames.exec(name) : null;
  if (dotted) return stored(pool, dotted[1] ?? '', dotted[2] ?? '', undefined);
  // Newer editors show sys.files and sys.query as userinput.*.
  if (first === 'userinput' && !outputs && (name === 'files' || name === 'query'))
    return stored(pool, 'sys', name, undefined);
  return undefined;
}

/**
 * Value at a selector (dsl 2.2): `undefined` = missing, `null` = a stored null. Lists cannot be indexed.
 * @param startId the start node, under whose id old files find system variables too
 */
export function resolveSelector(pool: Pool, selector: Selector, startId?: string): Value | undefined {
  const [first, name, ...path] = selector;
  if (first === undefined || name === undefined) return undefined;
  let value = stored(pool, first, name, startId);
  for (const key of path) {
    if (isFile(value)) {
      const attribute = Object.hasOwn(fileAttributes, key) ? fileAttributes[key] : undefined;
      return attribute === undefined ? undefined : (own(value, attribute) ?? null);
    }
    if (!isObject(value)) return undefined;
    value = own(value, key);
  }
  return value;
}

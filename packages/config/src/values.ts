import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Schemas for single environment variables: text in, typed value out. All take `.optional()` and
 * `.default(value)` (the default is given in the parsed type). Messages never repeat the value.
 */

const fromText = <T>(parse: (text: string) => T | undefined, expected: string) =>
  z.string({ error: 'is required' }).transform((text, context): T => {
    const value = parse(text.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `must be ${expected}` });
    return z.NEVER;
  });

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time in milliseconds: `250ms`, `10s`, `5m`, `24h`, `7d`; a bare number is milliseconds. */
export const duration = () =>
  fromText((text) => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
    if (!match) return undefined;
    return Math.round(Number(match[1]) * durationUnits[(match[2] ?? 'ms') as keyof typeof durationUnits]);
  }, 'a duration such as 250ms, 10s, 5m, 24h or 7d');

const byteUnits = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 } as const;

/** A size in bytes: `512`, `64KiB`, `10MiB`, `1GB` (letter case does not matter). */
export const bytes = () =>
  fromText((text) => {
    const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)?$/.exec(text.toLowerCase());
    if (!match) return undefined;
    return Math.round(Number(match[1]) * byteUnits[(match[2] ?? 'b') as keyof typeof byteUnits]);
  }, 'a size such as 512, 64KiB or 10MiB');

/** `true`/`false`, `1`/`0`, `yes`/`no`, `on`/`off`. */
export const bool = () =>
  fromText((text) => {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
    return undefined;
  }, 'true or false');

/** A whole number between `min` and `max`, both included. */
export const integer = (limits: { min?: number; max?: number } = {}) => {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return fromText((text) => {
    if (!/^-?\d+$/.test(text)) return undefined;
    const value = Number(text);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  }, `a whole number ${range}`);
};

/** A whole number of any size. */
export const bigInteger = () =>
  fromText((text) => (/^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined), 'a whole number');

/** A TCP port; 0 lets the system choose one. */
export const port = () => integer({ min: 0, max: 65_535 });

/** Non-empty text. */
export const text = () => fromText((value) => (value === '' ? undefined : value), 'set');

/** One of a fixed list of words. */
export const oneOf = <const T extends string>(words: readonly T[]) =>
  fromText((value) => words.find((word) => word === value), `one of ${words.join(', ')}`);

/** A comma-separated list; blanks between commas are dropped. */
export const list = () =>
  fromText(
    (value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    'a comma-separated list',
  );

/** A comma-separated list of networks such as `127.0.0.0/8, ::1/128`; a lone address means itself only. */
export const cidrList = () =>
  fromText((value) => {
    const networks: string[] = [];
    for (const item of value.split(',').map((part) => part.trim())) {
      if (item === '') continue;
      const [address = '', prefix, ...rest] = item.split('/');
      const family = isIP(address);
      const longest = family === 4 ? 32 : 128;
      if (family === 0 || rest.length > 0) return undefined;
      if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)) return undefined;
      networks.push(`${address}/${prefix ?? longest}`);
    }
    return networks;
  }, 'a comma-separated list of networks such as 10.0.0.0/8');

const secrets = new WeakSet<object>();
const urls = new WeakSet<object>();

/** Text that must never be printed, of at least `minLength` characters. */
export const secret = (minLength: number) => {
  const schema = fromText(
    (value) => ([...value].length >= minLength ? value : undefined),
    `at least ${minLength} characters long`,
  );
  secrets.add(schema);
  return schema;
};

/** The address of a service, with one of the given protocols (without colon). Its password is never printed. */
export const serviceUrl = (...protocols: string[]) => {
  const schema = fromText(
    (value) => {
      if (!URL.canParse(value)) return undefined;
      return protocols.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined;
    },
    `an address that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  );
  urls.add(schema);
  return schema;
};

/** How a value of this schema may be printed. */
export function printing(schema: z.core.$ZodType): 'plain' | 'secret' | 'url' {
  if (secrets.has(schema)) return 'secret';
  if (urls.has(schema)) return 'url';
  const inner = 'innerType' in schema._zod.def ? schema._zod.def.innerType : undefined;
  return inner instanceof z.ZodType ? printing(inner) : 'plain';
}

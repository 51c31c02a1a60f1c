import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Schemas for single environment variables: text in, typed value out. All take `.optional()` and
 * `.default(value)` (the default is given in the parsed type). Messages never repeat the value.
 */

/** How values of a schema are told of. */
export interface Form {
  /** Kind of value and its unit, for readers: `duration`, `whole number from 1 to 256`. */
  type: string;
  printing: 'plain' | 'secret' | 'url';
  /** A value as an operator would write it. */
  write: (value: never) => string;
}

/** Survives `.describe()`, which makes copies. */
const forms = z.registry<Form>();

const fromText = <T>(parse: (text: string) => T | undefined, expected: string, form: Partial<Form> = {}) =>
  z
    .string({ error: 'is required' })
    .transform((text, context): T => {
      const value = parse(text.trim());
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `must be ${expected}` });
      return z.NEVER;
    })
    .register(forms, { type: 'text', printing: 'plain', write: String, ...form });

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time in milliseconds: `250ms`, `10s`, `5m`, `24h`, `7d`; a bare number is milliseconds. */
export const duration = () =>
  fromText(
    (text) => {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
      if (!match) return undefined;
      return Math.round(Number(match[1]) * durationUnits[(match[2] ?? 'ms') as keyof typeof durationUnits]);
    },
    'a duration such as 250ms, 10s, 5m, 24h or 7d',
    { type: 'duration', write: writeIn(durationUnits, 'ms') },
  );

/** In the largest unit that leaves a whole number. */
const writeIn =
  (units: Readonly<Record<string, number>>, smallest: string) =>
  (value: number): string => {
    if (value === 0) return '0';
    const fitting = Object.entries(units).filter(([, size]) => value % size === 0);
    const [unit, size] = fitting.reduce((best, each) => (each[1] > best[1] ? each : best), [smallest, 1]);
    return `${value / size}${unit}`;
  };

const byteUnits = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 } as const;

/** A size in bytes: `512`, `64KiB`, `10MiB`, `1GB` (letter case does not matter). */
export const bytes = () =>
  fromText(
    (text) => {
      const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)?$/.exec(text.toLowerCase());
      if (!match) return undefined;
      return Math.round(Number(match[1]) * byteUnits[(match[2] ?? 'b') as keyof typeof byteUnits]);
    },
    'a size such as 512, 64KiB or 10MiB',
    { type: 'size in bytes', write: writeIn({ KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }, '') },
  );

/** `true`/`false`, `1`/`0`, `yes`/`no`, `on`/`off`. */
export const bool = () =>
  fromText(
    (text) => {
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      if (/^(false|0|no|off)$/i.test(text)) return false;
      return undefined;
    },
    'true or false',
    { type: '`true` or `false`' },
  );

/** A whole number between `min` and `max`, both included. */
export const integer = (limits: { min?: number; max?: number } = {}) => {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const type = `whole number ${range}`;
  return fromText(
    (text) => {
      if (!/^-?\d+$/.test(text)) return undefined;
      const value = Number(text);
      return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
    },
    `a ${type}`,
    { type },
  );
};

/** A share, from 0 to 1. */
export const ratio = () =>
  fromText(
    (text) => {
      const value = text === '' ? Number.NaN : Number(text);
      return value >= 0 && value <= 1 ? value : undefined;
    },
    'a number from 0 to 1',
    { type: 'number from 0 to 1' },
  );

/** A whole number of any size. */
export const bigInteger = () =>
  fromText((text) => (/^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined), 'a whole number', {
    type: 'whole number',
  });

/** A TCP port; 0 lets the system choose one. */
export const port = () => integer({ min: 0, max: 65_535 });

/** Non-empty text. */
export const text = () => fromText((value) => (value === '' ? undefined : value), 'set');

/** One of a fixed list of words. */
export const oneOf = <const T extends string>(words: readonly T[]) =>
  fromText((value) => words.find((word) => word === value), `one of ${words.join(', ')}`, { type: words.join(', ') });

/** A comma-separated list; blanks between commas are dropped. */
export const list = () =>
  fromText(
    (value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    'a comma-separated list',
    { type: 'list', write: writeList },
  );

const writeList = (items: readonly string[]): string => items.join(',');

/** A comma-separated list of networks such as `127.0.0.0/8, ::1/128`; a lone address means itself only. */
export const cidrList = () =>
  fromText(
    (value) => {
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
    },
    'a comma-separated list of networks such as 10.0.0.0/8',
    { type: 'list of networks', write: writeList },
  );

/** Text that must never be printed, of at least `minLength` characters. */
export const secret = (minLength: number) =>
  fromText((value) => ([...value].length >= minLength ? value : undefined), `at least ${minLength} characters long`, {
    type: `text of at least ${minLength} characters`,
    printing: 'secret',
  });

/** A comma-separated list of such secrets. A comma may also be part of a secret: then the whole is one as well. */
export const secretList = (minLength: number) => {
  const isLong = (item: string): boolean => [...item].length >= minLength;
  return fromText(
    (value) => {
      const items = value.split(',').map((item) => item.trim());
      const whole = isLong(value) ? [value] : undefined;
      if (items.length === 1) return whole;
      return items.every(isLong) ? [...items, value] : whole;
    },
    `a comma-separated list of texts of at least ${minLength} characters`,
    { type: `list of texts of at least ${minLength} characters`, printing: 'secret', write: writeList },
  );
};

/** A comma-separated list of some of a fixed list of words. */
export const someOf = <const T extends string>(words: readonly T[]) =>
  fromText(
    (value) => {
      const items = value.split(',').map((item) => item.trim());
      const known = items.flatMap((item) => words.filter((word) => word === item));
      return known.length === items.length ? known : undefined;
    },
    `a comma-separated list of ${words.join(', ')}`,
    { type: `list of ${words.join(', ')}`, write: writeList },
  );

/** The address of a service, with one of the given protocols (without colon). Its password is never printed. */
export const serviceUrl = (...protocols: string[]) => {
  const starts = protocols.map((protocol) => `${protocol}://`);
  return fromText(
    (value) => {
      if (!URL.canParse(value)) return undefined;
      return protocols.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined;
    },
    `an address that starts with ${starts.join(' or ')}`,
    { type: `address, ${starts.join(' or ')}`, printing: 'url' },
  );
};

/** How values of a schema are told of, whatever was put around it. */
export function formOf(schema: z.core.$ZodType): Form {
  const form = forms.get(schema);
  if (form) return form;
  const inner = 'innerType' in schema._zod.def ? schema._zod.def.innerType : undefined;
  return inner instanceof z.ZodType ? formOf(inner) : { type: 'text', printing: 'plain', write: String };
}

/** A decimal number without rounding: `units` × 10^-`scale`. */
export interface Decimal {
  units: bigint;
  scale: number;
}

/** Parses plain decimal text such as `0.15`. @throws Error for anything else */
export function parseDecimal(text: string): Decimal {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) throw new Error(`'${text}' is not a decimal number`);
  const fraction = match[2] ?? '';
  return { units: BigInt(`${match[1]}${fraction}`), scale: fraction.length };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const scaled = (value: Decimal) => value.units * 10n ** BigInt(scale - value.scale);
  return { units: scaled(a) + scaled(b), scale };
}

/** Decimal text without exponent and without trailing zeros. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = units.toString().padStart(scale + 1, '0');
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return scale === 0 || fraction === ''
    ? digits.slice(0, digits.length - scale)
    : `${digits.slice(0, -scale)}.${fraction}`;
}

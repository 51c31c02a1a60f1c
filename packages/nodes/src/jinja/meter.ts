import { TemplateError } from './errors.js';

/**
 * Work of one rendering, in steps: one per evaluated statement, expression and handled list item, one per 16 characters of
 * handled text. Rendering is synchronous, so one meter serves the thread. A step takes up to 0.3 µs.
 */
export const maxSteps = 500_000;
/** Processor time of one rendering, ms: the second line behind the steps. */
export const maxTime = 500;
export const maxTextLength = 2_000_000;
export const maxListLength = 250_000;
/** Largest integer, in bits. */
export const maxIntegerBits = 32_768;

const stepsBetweenLooks = 5_000;

let left = 0;
let nextLook = 0;
let started: NodeJS.CpuUsage | undefined;

export function startMeter(): void {
  left = maxSteps;
  nextLook = left - stepsBetweenLooks;
  started = undefined;
}

/** @throws TemplateError when the rendering has used up its steps or its time */
export function spend(steps: number): void {
  left -= steps;
  if (left < nextLook) look();
}

function look(): void {
  if (left < 0) throw new TemplateError(`The template takes more than ${maxSteps} steps`);
  nextLook = left - stepsBetweenLooks;
  // The thread's own time: other processes that take the processor do not count.
  started ??= process.threadCpuUsage();
  const { user, system } = process.threadCpuUsage(started);
  if (user + system > maxTime * 1000) throw new TemplateError(`The template takes more than ${maxTime} ms`);
}

/** Pays for reading a text. */
export const spendText = (length: number): void => spend(Math.floor(length / 16));

/** A new text within the limits. */
export function boundedText(length: number, make: () => string): string {
  if (!(length <= maxTextLength)) throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
  spendText(length);
  return make();
}

/** Pays for a new list. */
export function boundList(length: number): void {
  if (!(length <= maxListLength)) throw new TemplateError(`A list in the template exceeds ${maxListLength} items`);
  spend(length);
}

/** An integer within the limits. */
export function boundedInteger(value: bigint): bigint {
  if (value < quick && value > -quick) return value;
  const bits = value.toString(16).length * 4;
  spend(bits >> 4);
  if (bits > maxIntegerBits) throw new TemplateError(`A number in the template exceeds ${maxIntegerBits} bits`);
  return value;
}
const quick = 2n ** 64n;

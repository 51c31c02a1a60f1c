/** Whether a text has more than `most` characters, counted in code points as Python does. */
export function isLongerThan(most: number, text: string): boolean {
  if (text.length <= most) return false;
  // No code point takes more than two units: the others need not be counted.
  if (text.length > 2 * most) return true;
  return Array.from(text).length > most;
}

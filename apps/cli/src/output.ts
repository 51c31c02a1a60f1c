import { stripVTControlCharacters, styleText } from 'node:util';

/** Styles that renderers use; each is one of Node's. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/** Colours while the stream is a terminal; `NO_COLOR` and `FORCE_COLOR` decide otherwise. */
export const paintFor =
  (stream: NodeJS.WriteStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream });

/** Columns of a terminal; elsewhere nothing needs to fit. */
export const widthOf = (stream: NodeJS.WriteStream): number => stream.columns || Number.POSITIVE_INFINITY;

/** One line of JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Lines for people on standard output. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/**
 * A text of the server's, safe for a terminal: escape sequences and control characters other than tab and line feed go.
 */
export const safe = (text: string): string =>
  stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');

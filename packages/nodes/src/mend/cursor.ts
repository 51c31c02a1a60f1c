/** What a look ahead costs beside its characters. */
const callSteps = 10;

/** Characters that may be looked at, ahead and again, before a text is given up. */
export class Steps {
  #left: number;

  constructor(length: number) {
    this.#left = 100_000 + 50 * length;
  }

  /** @param characters that were looked at, one after the other */
  spend(characters: number): void {
    this.#left -= characters + callSteps;
    if (this.#left < 0) throw new Error('the text takes too long to mend');
  }
}

/** Most characters are plain ones, for which no pattern needs to be asked. */
const asked = (plain: string, others: RegExp) => {
  const known = new Set(plain);
  return (char: string): boolean => (char <= '~' ? known.has(char) : others.test(char));
};
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const isSpace = asked(' \n\r\t\v\f\x1c\x1d\x1e\x1f', /^\s$/);
export const isLetter = asked(letters, /^\p{L}$/u);
export const isWord = asked(`${letters}0123456789_$`, /^[\p{L}\p{N}]$/u);

/** A place in a text. Reading beyond the end answers with empty text. */
export class Cursor {
  at = 0;
  /** What was found last, by what was looked for. */
  readonly #found = new Map<string, { from: number; to: number }>();

  constructor(
    readonly text: string,
    readonly steps: Steps,
  ) {}

  peek(offset = 0): string {
    return this.text[this.at + offset] ?? '';
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Where one of `chars` comes next, unescaped; the end when none does. */
  find(chars: string, from: number): number {
    const known = this.#found.get(chars);
    if (known && known.from <= from && from <= known.to) return known.to;
    let isEscaped = false;
    let at = from;
    for (; at < this.text.length; at += 1) {
      const char = this.text[at] ?? '';
      if (!isEscaped && chars.includes(char)) break;
      isEscaped = char === '\\' && !isEscaped;
    }
    this.steps.spend(at - from);
    this.#found.set(chars, { from, to: at });
    return at;
  }

  /** The first place from there that is no white space. */
  pastSpace(from: number): number {
    let at = from;
    while (isSpace(this.text[at] ?? '')) at += 1;
    this.steps.spend(at - from);
    return at;
  }

  /** The first character from there that is no white space. */
  nextSolid(from: number): string {
    return this.text[this.pastSpace(from)] ?? '';
  }

  /** The first place from there that is not part of a name. */
  pastName(from: number): number {
    let at = from;
    while (isWord(this.text[at] ?? '') || this.text[at] === '-') at += 1;
    this.steps.spend(at - from);
    return at;
  }

  skipSpace(): void {
    this.at = this.pastSpace(this.at);
  }
}

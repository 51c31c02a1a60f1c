import type { CodeLanguage } from '@millrace/contracts';

interface Syntax {
  /** Longest first. */
  quotes: string[];
  /** Quotes whose text may run over lines. */
  long: Set<string>;
  comments: [begin: string, end: string][];
  /** Where a text or a comment may begin. */
  begins: RegExp;
}

const syntaxes: Readonly<Record<CodeLanguage, Syntax>> = {
  python3: {
    quotes: ['"""', "'''", '"', "'"],
    long: new Set(['"""', "'''"]),
    comments: [['#', '\n']],
    begins: /["'#]/g,
  },
  javascript: {
    quotes: ['"', "'", '`'],
    long: new Set(['`']),
    comments: [
      ['//', '\n'],
      ['/*', '*/'],
    ],
    begins: /["'`/]/g,
  },
};

/**
 * Source text with its texts emptied and its comments gone, so that what is left is code. Good enough to look for words
 * in; no parser: an error in the source, or a quote in a regular expression, misleads it for the rest of that line.
 */
export function bareSource(source: string, language: CodeLanguage): string {
  const { quotes, long, comments, begins } = syntaxes[language];
  let bare = '';
  for (let at = 0; ;) {
    begins.lastIndex = at;
    const next = begins.exec(source)?.index ?? source.length;
    bare += source.slice(at, next);
    if (next === source.length) return bare;
    const quote = quotes.find((each) => source.startsWith(each, next));
    const comment = comments.find(([begin]) => source.startsWith(begin, next));
    if (quote !== undefined) {
      bare += "''";
      at = endOfText(source, next + quote.length, quote, long.has(quote));
    } else if (comment) {
      const end = source.indexOf(comment[1], next + comment[0].length);
      at = end < 0 ? source.length : comment[1] === '\n' ? end : end + comment[1].length;
    } else {
      bare += source.charAt(next);
      at = next + 1;
    }
  }
}

/** Index behind the closing quote; a short text ends with its line whatever happens. */
function endOfText(source: string, from: number, quote: string, isLong: boolean): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source.startsWith(quote, at)) return at + quote.length;
    else if (source[at] === '\n' && !isLong) return at;
  }
  return source.length;
}

/** U+2028 and U+2029, which end a line in YAML 1.1 and stay in the text. */
const mark = /[\u2028\u2029]/;

/**
 * YAML 1.1 text for a reader of YAML 1.2. PyYAML, which writes Dify's files, ends lines at three more characters and lays out a
 * text that holds them accordingly; in YAML 1.2 they are text like any other, so that indentation would get into the text.
 */
export function modernBreaks(text: string): string {
  const lines = text.replaceAll('\x85', '\n');
  return mark.test(lines) ? lines.replace(/[ \t\r\n\u2028\u2029]+/g, relayBreak) : lines;
}

/** Puts indentation before the first mark, and none behind one; a line end behind a mark counts, the first one elsewhere is folded. */
function relayBreak(space: string): string {
  if (!mark.test(space)) return space;
  const indent = space.match(/[ \t]+/g)?.at(-1) ?? '';
  const groups = space.replace(/[ \t\r]+/g, '').match(/\n+|[\u2028\u2029]+/g) ?? [];
  return groups.map((group, i) => (mark.test(group) ? group : group + (i === 0 ? '' : '\n') + indent)).join('');
}

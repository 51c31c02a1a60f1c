const openTag = /<think(?:\s[^<>]{0,512})?>/i;
const closeTag = /<\/think\s*>/i;
/** Longest text that may still turn out to be a tag. */
const maxTagLength = 530;

export interface Separated {
  text: string;
  reasoning: string;
}

/**
 * Separates `<think>` blocks from a streamed answer; a tag may be split over pieces. White space before the text is dropped; an unclosed
 * block counts as reasoning to its end.
 */
export function createReasoningSplitter(emit: (name: 'text' | 'reasoning_content', text: string) => void) {
  let pending = '';
  let inside = false;
  let text = '';
  const blocks: string[] = [];

  function put(piece: string): void {
    if (piece === '') return;
    if (inside) {
      blocks.push((blocks.pop() ?? '') + piece);
      emit('reasoning_content', piece);
      return;
    }
    const shown = text === '' ? piece.trimStart() : piece;
    text += shown;
    if (shown !== '') emit('text', shown);
  }

  function drain(atEnd: boolean): void {
    for (;;) {
      const match = (inside ? closeTag : openTag).exec(pending);
      if (!match) break;
      put(pending.slice(0, match.index));
      pending = pending.slice(match.index + match[0].length);
      inside = !inside;
      if (inside) blocks.push('');
    }
    const held = atEnd ? pending.length : possibleTagStart(pending);
    put(pending.slice(0, held));
    pending = pending.slice(held);
  }

  return {
    push(piece: string): void {
      pending += piece;
      drain(false);
    },
    /** The whole answer; call once, after the last piece. */
    end(): Separated {
      drain(true);
      const reasoning = blocks.map((block) => block.trim()).filter((block) => block !== '');
      return { text: text.trim().replace(/\n\s*\n+/g, '\n\n'), reasoning: reasoning.join('\n') };
    },
  };
}

/** Where a tag may have begun whose end has not arrived; the length of the text if nowhere. */
function possibleTagStart(text: string): number {
  const at = text.lastIndexOf('<');
  if (at < 0 || text.length - at > maxTagLength) return text.length;
  const rest = text.slice(at).toLowerCase();
  const couldBe = ['<think', '</think'].some((tag) => tag.startsWith(rest) || rest.startsWith(tag));
  return couldBe && !rest.includes('>') ? at : text.length;
}

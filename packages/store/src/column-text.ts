/**
 * PostgreSQL's `text` holds neither U+0000 nor lone surrogates, JavaScript strings may. Free text (not
 * JSON, which escapes them) passes through here, so that nothing is refused or silently changed.
 * U+001A escapes itself (`\x1a\x1a`) and the others (`\x1a` and four hex digits).
 */
const unstorable = /[\u0000\u001a]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const escaped = /\u001a(\u001a|[0-9a-f]{4})/g;

/** Free text as it is stored. */
export const toColumn = (text: string): string =>
  text.includes('\0') || text.includes('\u001a') || !text.isWellFormed()
    ? text.replace(unstorable, (char) =>
        char === '\u001a' ? '\u001a\u001a' : `\u001a${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    : text;

/** Free text as it was given to `toColumn`. */
export const fromColumn = (stored: string): string =>
  stored.includes('\u001a')
    ? stored.replace(escaped, (_, code: string) =>
        code === '\u001a' ? code : String.fromCharCode(Number.parseInt(code, 16)),
      )
    : stored;

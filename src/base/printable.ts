/**
 * Control characters, line and paragraph separators, half surrogates, and the characters that reorder or hide text in a
 * terminal. All spaces but the ordinary one are among them: they look like the gap between two fields.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
/** Matches all such characters of a text. */
export const eachInvisible = new RegExp(invisible.source, "gu");

/** Whether a terminal would hide or obey part of the text. */
export function hasInvisible(text: string): boolean {
  return invisible.test(text);
}

/** The text with escapes in place of characters that a terminal would obey or hide: makes a peer's text safe to show. */
export function printable(text: string): string {
  return invisible.test(text) ? text.replace(eachInvisible, escapeOne) : text;
}

/** The same for our own texts of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function escapeOne(character: string): string {
  switch (character) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default: {
      const code = (character.codePointAt(0) ?? 0).toString(16);
      return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
    }
  }
}

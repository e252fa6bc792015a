// Hot: looked up for each byte of every request's head.

/** Bytes of a method or a field name (RFC 9110, 5.6.2). */
export const TOKEN = 1;
/** Bytes of a request line including its spaces: visible ones, and those over 0x7f, as FFmpeg and curl send raw UTF-8. */
export const LINE = 2;
/** Bytes of a field value: visible ones, space, tab, and those over 0x7f (RFC 9110, 5.5). */
export const VALUE = 4;

const SYMBOLS = "!#$%&'*+-.^_`|~";

/** The kinds of each byte. */
export const kinds: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) => {
  const visible = byte >= 0x20 && byte !== 0x7f;
  const token = /^[0-9A-Za-z]$/.test(String.fromCharCode(byte)) || SYMBOLS.includes(String.fromCharCode(byte));
  return (token ? TOKEN : 0) | (visible ? LINE : 0) | (visible || byte === 0x09 ? VALUE : 0);
});

/** Whether the text is a token; tokens are not empty. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** The text without spaces and tabs around it (RFC 9110, 5.6.3), in linear time: a regular expression takes seconds for long runs. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return text.slice(start, end);
}

/** Whether a comma-separated list contains `word` (in lower case), in any case (RFC 9110, 5.6.1). */
export function listHas(list: string | undefined, word: string): boolean {
  if (list === undefined) return false;
  const words = list.toLowerCase();
  for (let at = words.indexOf(word); at >= 0; at = words.indexOf(word, at + word.length)) {
    let before = at - 1;
    while (before >= 0 && isSpace(words, before)) before--;
    let behind = at + word.length;
    while (behind < words.length && isSpace(words, behind)) behind++;
    if ((before < 0 || words[before] === ",") && (behind === words.length || words[behind] === ",")) return true;
  }
  return false;
}

function isSpace(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}

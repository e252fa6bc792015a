import { masked } from "./mask.ts";

/** Shorter texts can't be distinguished from ordinary words and digits. */
const MIN_SECRET_CHARS = 4;
/** Longer secrets are masked inside other words, too. */
const MAX_WORD_CHARS = 7;

/** Texts known to be secret: keys and tokens of a configuration or of a relay's target. */
export class Secrets {
  readonly texts: readonly string[];
  readonly #pattern: RegExp | undefined;

  /** Ignores texts of fewer than four characters and those in `known`, which are no secrets. */
  constructor(texts: Iterable<string>, known: readonly string[] = []) {
    const spellings = [...texts].flatMap((text) => [text, decoded(text), encodeURIComponent(text.toWellFormed())]);
    const distinct = new Set(spellings.filter((text) => text.length >= MIN_SECRET_CHARS && !known.includes(text)));
    // A secret may begin with another one.
    this.texts = [...distinct].sort((a, b) => b.length - a.length);
    if (this.texts.length > 0) this.#pattern = new RegExp(this.texts.map(patternOf).join("|"), "gu");
  }

  /** The text without any of them. */
  hide(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, masked);
  }
}

/** No secrets. */
export const noSecrets = new Secrets([]);

/** The values of parameters as `a=b&c`, with or without a `?` before them. */
export function paramValues(query: string): string[] {
  const pairs = query.replace(/^\?/, "").split("&");
  return pairs.map((pair) => pair.slice(pair.indexOf("=") + 1));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function patternOf(text: string): string {
  const literal = text.toWellFormed().replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return text.length > MAX_WORD_CHARS ? literal : String.raw`(?<![\p{L}\p{N}_])${literal}(?![\p{L}\p{N}_])`;
}

import { positionOf } from "../../base/memory.ts";

/** Lengths of a token in a URL: a session, a signature. Shorter texts may be anything. */
const LEAST_LENGTH = 8;
const MAX_LENGTH = 512;
/** Characters of a token. It has a letter and a digit at least, so that no tag and no number of a playlist looks like one. */
const TOKEN = /^(?=.*[A-Za-z])(?=.*[0-9])[A-Za-z0-9_.~%-]+$/;
const MAX_TOKENS = 8;

interface Token {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** A control character, repeated to the token's length. */
  readonly mask: string;
}

/**
 * The tokens in the URLs of one viewer. Servers repeat them in that viewer's playlists; once they are masked, the playlists of all
 * viewers are the same, and are read once.
 */
export class OwnTokens {
  readonly #tokens: Token[] = [];

  /** Takes the tokens in the query of a playlist's URL. */
  learn({ search }: URL): void {
    for (const pair of search.slice(1).split("&")) {
      const text = pair.slice(pair.indexOf("=") + 1);
      const { length } = text;
      if (length < LEAST_LENGTH || length > MAX_LENGTH || !TOKEN.test(text)) continue;
      if (this.#tokens.length === MAX_TOKENS || this.#tokens.some((known) => known.text === text)) continue;
      const mask = String.fromCharCode(this.#tokens.length + 1).repeat(length);
      this.#tokens.push({ text, bytes: new TextEncoder().encode(text), mask });
    }
  }

  /** Masks the tokens in a playlist, in place. */
  mask(bytes: Uint8Array): void {
    for (const [number, token] of this.#tokens.entries()) {
      const { length } = token.bytes;
      for (let at = positionOf(bytes, token.bytes, 0); at >= 0; at = positionOf(bytes, token.bytes, at + length))
        bytes.fill(number + 1, at, at + length);
    }
  }

  /** A text of a masked playlist, with the viewer's tokens put back. */
  unmask(text: string): string {
    let unmasked = text;
    for (const token of this.#tokens) unmasked = unmasked.replaceAll(token.mask, token.text);
    return unmasked;
  }
}

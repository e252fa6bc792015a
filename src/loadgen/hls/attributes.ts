import { ProtocolError } from "../../base/errors.ts";

/** Some servers write a space behind the comma. */
const ATTRIBUTE = /\s*([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/y;

/** The attributes of a tag (RFC 8216, 4.2). */
export class Attributes {
  readonly #tag: string;
  readonly #values = new Map<string, string>();

  /** Reads the text after the tag's colon, up to the first malformed attribute. */
  constructor(tag: string, text: string) {
    this.#tag = tag;
    ATTRIBUTE.lastIndex = 0;
    for (let found = ATTRIBUTE.exec(text); found !== null; found = ATTRIBUTE.exec(text))
      this.#values.set(found[1] ?? "", found[2] ?? "");
  }

  /** A value without its quotation marks; undefined if the attribute is missing. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.replace(/^"(.*)"$/, "$1");
  }

  /** The value of a required attribute. Throws ProtocolError if it is missing or empty. */
  needed(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw new ProtocolError(`the playlist's ${this.#tag} has no ${name}`);
    return value;
  }

  /** Whether the attribute is YES. */
  says(name: string): boolean {
    return this.text(name) === "YES";
  }

  /** A value in seconds, as ms; 0 if the attribute is missing. */
  ms(name: string): number {
    const value = this.text(name);
    return value === undefined ? 0 : decimal(`${this.#tag}'s ${name}`, value) * 1000;
  }
}

/** A number that is not negative. Throws ProtocolError that names `what`. */
export function decimal(what: string, value: string): number {
  const text = value.trim();
  if (!/^[0-9]{1,15}(\.[0-9]*)?$/.test(text)) throw new ProtocolError(`the playlist's ${what} is no number`);
  return Number(text);
}

/** A whole number that is not negative. Throws ProtocolError that names `what`. */
export function whole(what: string, value: string): number {
  const number = decimal(what, value);
  if (!Number.isInteger(number)) throw new ProtocolError(`the playlist's ${what} is no whole number`);
  return number;
}

/** The error of a playlist with EXT-X-DEFINE (RFC 8216bis, 4.4.2.3). */
export function noVariables(): ProtocolError {
  return new ProtocolError("the playlist has variables (EXT-X-DEFINE), which srs bench does not read");
}

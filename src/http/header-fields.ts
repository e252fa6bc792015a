// Hot: read several times for each request. Values become strings on demand.

/** The header fields of one request, in their order. Names are compared case-insensitively. */
export class HeaderFields {
  readonly #text: string;
  readonly #marks: readonly number[];

  /** `marks` has four positions in `text` for each field: where its name and its value begin and end. */
  constructor(text: string, marks: readonly number[]) {
    this.#text = text;
    this.#marks = marks;
  }

  /** The number of fields. */
  get size(): number {
    return this.#marks.length / 4;
  }

  /** The number of fields with this name (in lower case). */
  count(name: string): number {
    let count = 0;
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 4)) count++;
    return count;
  }

  /**
   * The value of a field, without white space around it; several fields of one name are joined by ", " (RFC 9110, 5.3). `name` is
   * in lower case. Bytes over 0x7f are Windows-1252 characters.
   */
  get(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first < 0) return undefined;
    let value = this.#value(first);
    for (let at = this.#find(name, first + 4); at >= 0; at = this.#find(name, at + 4)) value += `, ${this.#value(at)}`;
    return value;
  }

  #value(at: number): string {
    return this.#text.slice(this.#marks[at + 2], this.#marks[at + 3]);
  }

  /** The position in the marks of the next field with this name; -1 if there is none. */
  #find(name: string, from: number): number {
    const marks = this.#marks;
    for (let at = from; at < marks.length; at += 4) {
      const start = marks[at] ?? 0;
      if ((marks[at + 1] ?? 0) - start === name.length && this.#isName(start, name)) return at;
    }
    return -1;
  }

  #isName(start: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      const byte = this.#text.charCodeAt(start + i);
      const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      if (lower !== name.charCodeAt(i)) return false;
    }
    return true;
  }
}

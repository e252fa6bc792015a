/** Exp-Golomb codes with more leading zeros than this are no 32-bit number (ISO 14496-10, 9.1). */
const MAX_LEADING_ZEROS = 32;

/** Reads bits, the high ones of a byte first. Past the end all are 0, and `overrun` says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more was read than there is, or a code that is none. */
  get overrun(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  /** Up to 32 bits as an unsigned number. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.#bit();
    return value;
  }

  /** One bit as a flag. */
  flag(): boolean {
    return this.#bit() === 1;
  }

  /** Passes over bits. */
  skip(count: number): void {
    this.#at += count;
  }

  /** An unsigned Exp-Golomb code, ue(v). */
  ue(): number {
    let zeros = 0;
    while (this.#bit() === 0) {
      if (++zeros > MAX_LEADING_ZEROS || this.overrun) {
        this.#at = this.#bytes.length * 8 + 1;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** A signed Exp-Golomb code, se(v). */
  se(): number {
    const code = this.ue();
    return code % 2 === 0 ? 0 - code / 2 : (code + 1) / 2;
  }

  #bit(): number {
    const bit = ((this.#bytes[this.#at >>> 3] ?? 0) >>> (7 - (this.#at & 7))) & 1;
    this.#at++;
    return bit;
  }
}

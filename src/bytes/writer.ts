// Hot: used for each field that is written. Nothing is allocated but when the buffer grows, and by `finish`.

const encoder = new TextEncoder();
const DEFAULT_CAPACITY = 256;

/** Writes big-endian fields into a buffer that grows as needed. Integers are cut to their width. */
export class ByteWriter {
  private data: Uint8Array;
  private view: DataView;
  private used = 0;

  /** `capacity` bytes are allocated at once; a good guess saves copies. */
  constructor(capacity = DEFAULT_CAPACITY) {
    this.data = new Uint8Array(capacity);
    this.view = new DataView(this.data.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.used;
  }

  /** Unsigned 8-bit integer. */
  u8(value: number): void {
    const at = this.grow(1);
    this.data[at] = value;
  }

  /** Unsigned 16-bit integer. */
  u16(value: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, value);
  }

  /** Signed 16-bit integer. */
  i16(value: number): void {
    const at = this.grow(2);
    this.view.setInt16(at, value);
  }

  /** Unsigned 24-bit integer. */
  u24(value: number): void {
    const at = this.grow(3);
    this.view.setUint8(at, value >>> 16);
    this.view.setUint16(at + 1, value);
  }

  /** Unsigned 32-bit integer. */
  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value);
  }

  /** Unsigned 32-bit integer, little endian (RTMP's message stream id). */
  u32le(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
  }

  /** IEEE 754 double. */
  f64(value: number): void {
    const at = this.grow(8);
    this.view.setFloat64(at, value);
  }

  /** A copy of `source`. */
  bytes(source: Uint8Array): void {
    const at = this.grow(source.length);
    this.data.set(source, at);
  }

  /** `text` as UTF-8, without a length before it. Returns how many bytes that took. */
  utf8(text: string): number {
    const at = this.used;
    this.grow(text.length * 3); // a UTF-16 unit never takes more than three bytes
    const { written } = encoder.encodeInto(text, this.data.subarray(at));
    this.used = at + written;
    return written;
  }

  /** Replaces the 16-bit integer at `offset`, which was written before: for lengths known only afterwards. */
  patchU16(offset: number, value: number): void {
    this.view.setUint16(offset, value);
  }

  /** Replaces the 32-bit integer at `offset`, which was written before: for lengths known only afterwards. */
  patchU32(offset: number, value: number): void {
    this.view.setUint32(offset, value);
  }

  /** What was written, as an exactly sized copy that belongs to the caller. */
  finish(): Uint8Array {
    return this.data.slice(0, this.used);
  }

  // The write must come after this call, in a statement of its own: growing replaces `data` and `view`.
  private grow(count: number): number {
    const at = this.used;
    const needed = at + count;
    if (needed > this.data.length) {
      const larger = new Uint8Array(Math.max(needed, this.data.length * 2));
      larger.set(this.data.subarray(0, at));
      this.data = larger;
      this.view = new DataView(larger.buffer);
    }
    this.used = needed;
    return at;
  }
}

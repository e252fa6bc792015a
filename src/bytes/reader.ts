// Hot: used for each field of every message. Nothing is allocated but by `bytes`, `rest` and `utf8`.
import { ProtocolError } from "../base/errors.ts";

// Not fatal: encoders put GBK and Latin-1 into stream names and metadata, and a stream must not end for that.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads big-endian fields from `data`, which it does not copy. Every read past the end throws `ProtocolError`. */
export class ByteReader {
  /** Position of the next read, in bytes from the start of `data`. */
  offset = 0;
  private readonly data: Uint8Array;
  private readonly view: DataView;
  private readonly what: string;

  /** `what` names the input in error messages. */
  constructor(data: Uint8Array, what = "input") {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.what = what;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.data.length - this.offset;
  }

  /** Unsigned 8-bit integer. */
  u8(): number {
    const at = this.take(1);
    return this.data[at] as number; // `take` checked the bounds
  }

  /** Unsigned 16-bit integer. */
  u16(): number {
    return this.view.getUint16(this.take(2));
  }

  /** Signed 16-bit integer. */
  i16(): number {
    return this.view.getInt16(this.take(2));
  }

  /** Unsigned 24-bit integer. */
  u24(): number {
    const at = this.take(3);
    return (this.view.getUint16(at) << 8) | this.view.getUint8(at + 2);
  }

  /** Unsigned 32-bit integer. */
  u32(): number {
    return this.view.getUint32(this.take(4));
  }

  /** Unsigned 32-bit integer, little endian (RTMP's message stream id). */
  u32le(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** IEEE 754 double. */
  f64(): number {
    return this.view.getFloat64(this.take(8));
  }

  /** The next `count` bytes as a view of the input; copy it to keep it longer than the input. */
  bytes(count: number): Uint8Array {
    const at = this.take(count);
    return this.data.subarray(at, at + count);
  }

  /** The next `count` bytes as text; what is not UTF-8 becomes U+FFFD. */
  utf8(count: number): string {
    return count === 0 ? "" : decoder.decode(this.bytes(count));
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.take(count);
  }

  /** All that remains, as a view of the input. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  private take(count: number): number {
    const at = this.offset;
    if (count > this.data.length - at) this.fail(count);
    this.offset = at + count;
    return at;
  }

  private fail(count: number): never {
    throw new ProtocolError(
      `${this.what} ends too early: ${count} bytes expected at offset ${this.offset}, ${this.remaining} there`,
    );
  }
}

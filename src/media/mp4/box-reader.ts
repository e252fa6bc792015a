import { ProtocolError } from "../../base/errors.ts";
import { ByteReader } from "../../bytes/reader.ts";

const HEAD_BYTES = 8;
/** Bytes of a box's head with a size of 64 bits. */
const LARGE_HEAD_BYTES = 16;

/** Goes through the boxes of a file, or those inside a box (ISO 14496-12, 4.2). Never copies bytes. */
export class BoxReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #next: number;
  /** Type of the current box, four characters. */
  type = "";
  /** Where the current box and its content begin, in bytes from the file's beginning. */
  at = 0;
  contentAt = 0;

  /** Reads the boxes from `from` up to `end`. */
  constructor(bytes: Uint8Array, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next = from;
    this.#end = end;
  }

  /** Goes to the next box; false behind the last one. Throws ProtocolError for a box that does not fit into its container. */
  next(): boolean {
    const at = this.#next;
    const left = this.#end - at;
    if (left === 0) return false;
    if (left < HEAD_BYTES) throw new ProtocolError(`MP4 ends within the head of a box, ${left} bytes before the end`);
    const type = this.#view.getUint32(at + 4);
    this.type = String.fromCharCode(type >>> 24, (type >>> 16) & 0xff, (type >>> 8) & 0xff, type & 0xff);
    const short = this.#view.getUint32(at);
    const head = short === 1 ? LARGE_HEAD_BYTES : HEAD_BYTES;
    // Size 0: the box extends to the end of the file.
    const size = short === 0 ? left : short === 1 && left >= head ? this.#large(at + HEAD_BYTES) : short;
    if (size < head || size > left)
      throw new ProtocolError(`MP4's box ${JSON.stringify(this.type)} has ${size} bytes, where ${left} are left`);
    this.at = at;
    this.contentAt = at + head;
    this.#next = at + size;
    return true;
  }

  /** The fields of the current box. */
  fields(): ByteReader {
    return new ByteReader(this.#bytes.subarray(this.contentAt, this.#next), `MP4's box ${this.type}`);
  }

  /** The boxes in the current one, behind `skipped` bytes of fields. */
  inside(skipped = 0): BoxReader {
    if (this.contentAt + skipped > this.#next) throw new ProtocolError(`MP4's box ${this.type} ends within its fields`);
    return new BoxReader(this.#bytes, this.contentAt + skipped, this.#next);
  }

  #large(at: number): number {
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }
}

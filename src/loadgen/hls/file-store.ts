// Hot: take runs for each piece that each player receives.
import { ProtocolError } from "../../base/errors.ts";
import { copyBytes, sameBytes } from "../../base/memory.ts";

/** Maximum number of files, and of their bytes, that are kept for comparison. */
const MAX_FILES = 4096;
const MAX_BYTES = 256 * 1024 * 1024;
/** A longer file is refused. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;
const FIRST_BYTES = 16 * 1024;

/** One file's bytes, as the first player received them, and the content that was read from them. */
export class SharedFile<Content> {
  #bytes = new Uint8Array(FIRST_BYTES);
  #have = 0;
  #content: { readonly is: Content } | undefined;

  /** Bytes of memory that the file takes. */
  get size(): number {
    return this.#bytes.length;
  }

  /**
   * Compares, or adds, a part that one player received at offset `at`. False: another player received other bytes. Throws
   * ProtocolError for a file that is too long.
   */
  take(at: number, part: Uint8Array): boolean {
    const known = Math.min(part.length, this.#have - at);
    if (known > 0 && !sameBytes(this.#bytes, at, part, 0, known)) return false;
    if (known < 0 || known >= part.length) return known >= 0;
    // The file was complete for another player, and is longer for this one.
    if (this.#content !== undefined) return false;
    const end = at + part.length;
    if (end > MAX_FILE_BYTES) throw new ProtocolError(`a file of the stream has more than ${MAX_FILE_BYTES} bytes`);
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(end * 2);
      copyBytes(larger, 0, this.#bytes, 0, this.#have);
      this.#bytes = larger;
    }
    copyBytes(this.#bytes, at + known, part, known, part.length);
    this.#have = end;
    return true;
  }

  /**
   * The file's content, for a player that has all of its `length` bytes. The first call reads it by `read`. Undefined if another player
   * received another length.
   */
  content(length: number, read: (bytes: Uint8Array) => Content): Content | undefined {
    if (length !== this.#have) return undefined;
    this.#content ??= { is: read(this.#bytes.subarray(0, this.#have)) };
    return this.#content.is;
  }
}

/** The newest files of a run by URL: each is read once, and every player's bytes are compared with it. */
export class FileStore<Content> {
  readonly #files = new Map<string, SharedFile<Content>>();

  /** The file of a URL; a new one if it is not kept. */
  get(url: string): SharedFile<Content> {
    const known = this.#files.get(url);
    if (known !== undefined) return known;
    let bytes = FIRST_BYTES;
    for (const file of this.#files.values()) bytes += file.size;
    for (const [old, file] of this.#files) {
      if (bytes <= MAX_BYTES && this.#files.size < MAX_FILES) break;
      bytes -= file.size;
      this.#files.delete(old);
    }
    const file = new SharedFile<Content>();
    this.#files.set(url, file);
    return file;
  }
}

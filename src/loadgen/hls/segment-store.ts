import { copyBytes, sameBytes } from "../../base/memory.ts";
import { readSegment, type SegmentFacts } from "./segment-facts.ts";

/** The most bytes of all segments kept for comparison. */
const MAX_BYTES = 256 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;

/** One segment's bytes, as received first by any player, and their content. */
export class SharedSegment {
  #bytes = new Uint8Array(FIRST_BYTES);
  #have = 0;
  #facts: SegmentFacts | undefined;

  /** Bytes that it takes. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Compares, or adds, a part that one player received at offset `at`. False: another player received other bytes. */
  take(at: number, part: Uint8Array): boolean {
    const known = Math.min(part.length, this.#have - at);
    if (known > 0 && !sameBytes(this.#bytes, at, part, 0, known)) return false;
    if (known < 0 || known >= part.length) return known >= 0;
    // It was whole for another player.
    if (this.#facts !== undefined) return false;
    const end = at + part.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(end * 2);
      copyBytes(larger, 0, this.#bytes, 0, this.#have);
      this.#bytes = larger;
    }
    copyBytes(this.#bytes, at + known, part, known, part.length);
    this.#have = end;
    return true;
  }

  /** Its content, once a player has all of its `length` bytes; undefined when another player received another length. */
  facts(length: number): SegmentFacts | undefined {
    if (length !== this.#have) return undefined;
    this.#facts ??= readSegment(this.#bytes.subarray(0, this.#have));
    return this.#facts;
  }
}

/** The newest segments of a run by URL: each is parsed once, and every player's bytes are compared with it. */
export class SegmentStore {
  readonly #segments = new Map<string, SharedSegment>();

  /** The segment of a URL; a new one if it is not kept. */
  get(url: string): SharedSegment {
    const known = this.#segments.get(url);
    if (known !== undefined) return known;
    let bytes = FIRST_BYTES;
    for (const segment of this.#segments.values()) bytes += segment.size;
    for (const [old, segment] of this.#segments) {
      if (bytes <= MAX_BYTES) break;
      bytes -= segment.size;
      this.#segments.delete(old);
    }
    const segment = new SharedSegment();
    this.#segments.set(url, segment);
    return segment;
  }
}

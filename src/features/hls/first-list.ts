import { MAX_GOP_MS } from "../../live/source/epoch.ts";
import type { Segment } from "./segment.ts";

/** Maximum number of bytes that are held back; beyond it, the list begins. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Holds the first entries of an epoch back until the list's target duration is known, which must not change (RFC 8216, section 4.3.3.1).
 * It depends on the distance of key frames, which the epoch tells once its source has sent a whole GOP.
 *
 *     holding ──a whole GOP came, there is no video, MAX_GOP_MS have passed, the source has ended──> listing
 *        ^────────────────────────────────another epoch──────────────────────────────────────────────┘
 */
export class FirstList {
  readonly #notify: (segment: Segment) => void;
  #held: Segment[] = [];
  #bytes = 0;
  #listing = false;
  /** Times of the first frame, and of the last key frame without a loss since; NaN without one. */
  #from = Number.NaN;
  #key = Number.NaN;

  readonly #minMs: number;

  /** `notify` gets each entry, in the order in which they were added. */
  constructor(fragmentMs: number, notify: (segment: Segment) => void) {
    // Encoders may begin with a few key frames that are close together.
    this.#minMs = fragmentMs / 2;
    this.#notify = notify;
  }

  /** Bytes of the entries that are held back. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Another epoch begins. */
  begin(): void {
    this.#listing = false;
    this.#from = Number.NaN;
    this.lost();
  }

  /** Packets are missing before the next one. */
  lost(): void {
    this.#key = Number.NaN;
  }

  /** A frame came at stream time `time` (ms). True if the list can begin: a GOP is whole, it took too long, or there is no video. */
  isMeasuredBy(time: number, key: boolean, hasVideo: boolean): boolean {
    if (this.#listing) return false;
    if (Number.isNaN(this.#from)) this.#from = time;
    const ms = time - this.#from;
    if (!hasVideo || ms >= MAX_GOP_MS || (key && time > this.#key && ms >= this.#minMs)) return true;
    if (key) this.#key = time;
    return false;
  }

  /** An entry is whole. */
  add(segment: Segment): void {
    if (this.#listing) {
      this.#notify(segment);
      return;
    }
    this.#held.push(segment);
    this.#bytes += segment.bytes?.length ?? 0;
    if (this.#bytes > MAX_HELD_BYTES) this.list(segment.targetSeconds);
  }

  /** Lists the held entries with this target duration at least, and later ones at once. */
  list(targetSeconds: number): void {
    this.#listing = true;
    const held = this.#held;
    this.drop();
    for (const segment of held)
      this.#notify({ ...segment, targetSeconds: Math.max(segment.targetSeconds, targetSeconds) });
  }

  /** The source has ended: what is held is listed. */
  settle(targetSeconds: number): void {
    if (this.#held.length > 0) this.list(targetSeconds);
  }

  /** Gives up what is held. */
  drop(): void {
    this.#held = [];
    this.#bytes = 0;
  }
}

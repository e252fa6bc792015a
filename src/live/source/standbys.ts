// Hot: of and keepBounds run for each packet of each source that stands by.
import type { GopCaps } from "../log/gop.ts";
import type { LiveSource } from "./source.ts";
import type { Standby } from "./standby.ts";

/** Maximum number of standbys of one stream. */
export const MAX_STANDBYS = 3;
/** A limit for long GOPs, as each packet costs memory besides its bytes. */
const MAX_HELD = 1 << 16;

/** The standbys of a stream, in the order of their arrival. */
export class Standbys {
  readonly #list: Standby[] = [];

  get list(): readonly Standby[] {
    return this.#list;
  }

  get size(): number {
    return this.#list.length;
  }

  /** The standby of a source; undefined for one that does not stand by. */
  of(source: LiveSource): Standby | undefined {
    for (const standby of this.#list) if (standby.source === source) return standby;
    return undefined;
  }

  add(standby: Standby): void {
    this.#list.push(standby);
  }

  remove(standby: Standby): void {
    const at = this.#list.indexOf(standby);
    if (at >= 0) this.#list.splice(at, 1);
  }

  /** None is in step with the active source any more. */
  resetSync(): void {
    for (const standby of this.#list) standby.resetSync();
  }

  /** The active source has sent a key frame, at `time` of the stream: updates which of them send the same stream. */
  compare(time: number, payload: Uint8Array, date: number | undefined): void {
    for (const standby of this.#list) standby.compare(time, payload, date);
  }

  /** The standby to take over: one that sends (`flowing`), then a preferred one, one in step, one with a key frame, the oldest. */
  best(flowing: (standby: Standby) => boolean): Standby | undefined {
    let best: Standby | undefined;
    let bestRank = -1;
    for (const standby of this.#list) {
      const rank =
        (flowing(standby) ? 8 : 0) +
        (standby.source.preferred ? 4 : 0) +
        (standby.same ? 2 : 0) +
        (standby.ready ? 1 : 0);
      if (rank > bestRank) [best, bestRank] = [standby, rank];
    }
    return best;
  }

  /** Applies the limits of a cached GOP to what all standbys hold together: beyond them, this standby drops its oldest packets. */
  keepBounds(standby: Standby, caps: GopCaps): void {
    const { gop_cache_max_frames: frames, gop_cache_max_bytes: bytes } = caps;
    const max = frames > 0 ? Math.min(frames, MAX_HELD) : MAX_HELD;
    while (standby.held.end > standby.held.start) {
      let [heldFrames, heldBytes] = [0, 0];
      for (const { held } of this.#list) {
        heldFrames += held.end - held.start;
        heldBytes += held.bytes;
      }
      if (heldFrames <= max && heldBytes <= bytes) return;
      standby.dropOldest();
    }
  }
}

import type { StreamConfig } from "../config.ts";
import type { Gop } from "../log/gop.ts";
import type { PacketLog } from "../log/log.ts";
import type { Timeline } from "../source/timeline.ts";
import type { Fanout } from "./fanout.ts";
import type { ReaderFormat } from "./format.ts";

/** However long `queue_length` is: more packets than this are not kept for a slow reader. */
const MAX_LOG_PACKETS = 1 << 16;

/** What retention needs to know of its stream. */
export interface Retained {
  /** May change at any time. */
  config: StreamConfig;
  readonly log: PacketLog;
  readonly gop: Gop;
  readonly timeline: Timeline;
  readonly fanouts: ReadonlyMap<ReaderFormat, Fanout>;
}

/** Decides how much of a stream's log is kept: for those who join the newest GOP, and for slow readers within their limits. */
export class Retention {
  readonly #stream: Retained;
  /** Packets before this are older than `queue_length`. */
  #floor = 0;

  constructor(stream: Retained) {
    this.#stream = stream;
  }

  /** Drops what nobody needs of the packets before `flushed`; readers too far behind lose their place first. */
  trim(flushed: number): void {
    const { config, gop, log } = this.#stream;
    this.#dropBefore(this.#anyLagging() ? this.#late() : 0, flushed);
    if (!this.#overfull() || !this.#anyLagging()) return;
    this.#dropBefore(gop.start?.seq ?? log.end, flushed);
    // The newest GOP itself is too much, and nobody else needs it.
    if (!config.gop_cache && this.#overfull()) this.#dropBefore(log.end, flushed);
  }

  #anyLagging(): boolean {
    for (const fanout of this.#stream.fanouts.values()) if (fanout.hasLagging) return true;
    return false;
  }

  /** Where readers are too late. Inside the newest GOP nobody is: there is no better place to go on from. */
  #late(): number {
    const { config, gop, log, timeline } = this.#stream;
    const oldest = timeline.newest - config.queue_length * 1000;
    this.#floor = Math.max(this.#floor, log.start);
    while (this.#floor < log.end && log.timeAt(this.#floor) < oldest) this.#floor++;
    return Math.min(this.#floor, gop.start?.seq ?? this.#floor);
  }

  #overfull(): boolean {
    const { config, log } = this.#stream;
    return log.bytes > config.queue_max_bytes || log.end - log.start > MAX_LOG_PACKETS;
  }

  /** Readers before `floor` lose their place; then the log drops what nobody needs. */
  #dropBefore(floor: number, flushed: number): void {
    const { config, gop, log, fanouts } = this.#stream;
    let keep = flushed;
    if (config.gop_cache && gop.start !== undefined && gop.start.seq < keep) keep = gop.start.seq;
    for (const fanout of fanouts.values()) keep = Math.min(keep, fanout.dropBefore(floor));
    log.dropUntil(keep);
  }
}

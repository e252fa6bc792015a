import type { StreamConfig } from "../config.ts";
import type { Gop } from "../log/gop.ts";
import type { PacketLog } from "../log/log.ts";
import type { Timeline } from "../source/timeline.ts";
import type { Fanout } from "./fanout.ts";
import type { ReaderFormat } from "./format.ts";

/** Limit on packets kept for a slow reader, whatever `queue_length` is. */
const MAX_LOG_PACKETS = 1 << 16;

/** The part of a stream that retention needs. */
export interface Retained {
  /** May change at any time. */
  config: StreamConfig;
  readonly log: PacketLog;
  readonly gop: Gop;
  readonly timeline: Timeline;
  readonly fanouts: ReadonlyMap<ReaderFormat, Fanout>;
}

/** Decides how much of a stream's log is kept: for readers that join the newest GOP, and for slow readers within their limits. */
export class Retention {
  readonly #stream: Retained;
  /** Packets before this are older than `queue_length`. */
  #floor = 0;

  constructor(stream: Retained) {
    this.#stream = stream;
  }

  /** Drops packets before `flushed` that no reader needs; readers too far behind lose their position first. */
  trim(flushed: number): void {
    const { config, gop, log } = this.#stream;
    this.#dropBefore(this.#anyLagging() ? this.#late() : 0, flushed);
    if (!this.#overfull() || !this.#anyLagging()) return;
    this.#dropBefore(gop.start?.seq ?? log.end, flushed);
    // The newest GOP itself exceeds the limit, and no other reader needs it.
    if (!config.gop_cache && this.#overfull()) this.#dropBefore(log.end, flushed);
  }

  #anyLagging(): boolean {
    for (const fanout of this.#stream.fanouts.values()) if (fanout.hasLagging) return true;
    return false;
  }

  /** The position before which readers are too late by time. Never inside the newest GOP: there is no later place to skip to. */
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

  /** Readers before `floor` lose their position; then the log drops what no reader needs. */
  #dropBefore(floor: number, flushed: number): void {
    const { config, gop, log, fanouts } = this.#stream;
    let keep = flushed;
    if (config.gop_cache && gop.start !== undefined && gop.start.seq < keep) keep = gop.start.seq;
    for (const fanout of fanouts.values()) keep = Math.min(keep, fanout.dropBefore(floor));
    log.dropUntil(keep);
  }
}

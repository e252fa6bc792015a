// Hot: appended runs for each packet, a flush for each reader.
import type { Clock, Timer } from "../../base/clock.ts";
import type { StreamConfig } from "../config.ts";
import type { Gop } from "../log/gop.ts";
import type { PacketLog } from "../log/log.ts";
import type { StartPoint } from "../log/start-point.ts";
import type { Audience } from "./audience.ts";
import type { Flushable } from "./flusher.ts";
import type { StartPoints } from "./start-points.ts";
import { Unflushed } from "./unflushed.ts";

/** The time between two flushes with `auto` while all readers take batches, ms: a few frames of video and audio. */
const BATCH_MS = 100;
/** Readers served between two checks of the clock. */
const SLICE_READERS = 128;

/** What the flushes of a stream need of it. */
interface FlushedStream {
  readonly config: StreamConfig;
  readonly log: PacketLog;
  /** The active source seems to have stopped sending video. */
  readonly videoAway: boolean;
  /** Every reader is served. */
  flushDone(): void;
}

/** The flushes of one stream: each gives the packets since the last one to the fan-outs, and lets these serve their readers in slices. */
export class StreamFlush implements Flushable {
  queued = false;
  dueAt = 0;
  wake: Timer | undefined;
  readonly #stream: FlushedStream;
  readonly #gop: Gop;
  readonly #audience: Audience;
  readonly #starts: StartPoints;
  readonly #clock: Clock;
  readonly #unflushed = new Unflushed();
  /** The key frame at which video comes back to readers awaiting it, after the running flush has served them up to it. */
  #videoBack: StartPoint | undefined;

  constructor(stream: FlushedStream, gop: Gop, audience: Audience, starts: StartPoints, clock: Clock) {
    this.#stream = stream;
    this.#gop = gop;
    this.#audience = audience;
    this.#starts = starts;
    this.#clock = clock;
  }

  get latency(): number | "auto" {
    const { mw_latency } = this.#stream.config;
    return mw_latency === "auto" && this.#audience.batched ? BATCH_MS : mw_latency;
  }

  /** How long packets wait for a flush, on average, ms. */
  get waitMs(): number {
    return this.#unflushed.waitMs;
  }

  /**
   * A packet of this many bytes waits for the next flush. True if the waiting packets exceed a limit: the stream must be flushed at
   * once.
   */
  appended(bytes: number): boolean {
    this.#unflushed.add(bytes, this.#clock);
    return this.#unflushed.isMuch(this.#stream.log.end - this.#starts.flushed);
  }

  beginFlush(): void {
    const { start } = this.#gop;
    const { end } = this.#stream.log;
    if (this.#stream.videoAway) this.#audience.giveRestToWaiting();
    else if (this.#audience.hasAwaitingVideo && start !== undefined && start.seq >= this.#starts.flushed)
      this.#videoBack = start;
    for (const fanout of this.#audience.fanouts.values())
      fanout.begin(fanout.format.video ? end : (this.#videoBack?.seq ?? end));
    this.#starts.flush();
    this.#unflushed.flushed(this.#clock);
  }

  runFlush(until: number): boolean {
    if (this.#runFanouts(until)) return true;
    if (this.#videoBack !== undefined) {
      this.#audience.bringVideoBack(this.#videoBack);
      this.#videoBack = undefined;
      for (const fanout of this.#audience.fanouts.values())
        if (!fanout.format.video) fanout.begin(this.#starts.flushed);
      if (this.#runFanouts(until)) return true;
    }
    this.#stream.flushDone();
    return false;
  }

  #runFanouts(until: number): boolean {
    for (const fanout of this.#audience.fanouts.values()) {
      while (fanout.run(SLICE_READERS)) if (this.#clock.now() >= until) return true;
    }
    return false;
  }
}

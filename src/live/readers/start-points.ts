// Hot: appended runs for each packet.

import { type Packet, PacketKind } from "../../media/packet.ts";
import type { Gop } from "../log/gop.ts";
import type { PacketLog } from "../log/log.ts";
import type { StartPoint } from "../log/start-point.ts";
import type { ResumeFilter } from "../source/resume-filter.ts";
import type { Timeline } from "../source/timeline.ts";
import type { ReaderFormat } from "./format.ts";

/** What start points need to know of a stream's packets. */
interface Incoming {
  readonly gop: Gop;
  readonly timeline: Timeline;
  readonly resumeFilter: ResumeFilter;
  /** Where the active source's packets begin, and the headers in force there. */
  readonly from: number;
  readonly fromHeaders: readonly Packet[];
  /** The headers in force at the end of the log. */
  readonly headers: readonly Packet[];
}

/** What start points need to know of a stream. */
interface StartPointsOwner {
  readonly log: PacketLog;
  /** Whether the stream is published, or readers still get its last packets. */
  readonly gives: boolean;
  /** The active source seems to have stopped sending video. */
  readonly videoAway: boolean;
}

/** Where readers of a stream may start, and up to where the fan-outs have its packets. */
export class StartPoints {
  readonly #owner: StartPointsOwner;
  readonly #intake: Incoming;
  #flushed = 0;
  /** The headers in force at `#flushed`. */
  #flushedHeaders: readonly Packet[] = [];
  #firstUnflushedKey: StartPoint | undefined;

  constructor(owner: StartPointsOwner, intake: Incoming) {
    this.#owner = owner;
    this.#intake = intake;
  }

  /** The fan-outs have received everything before this. */
  get flushed(): number {
    return this.#flushed;
  }

  /** A packet was appended to the log. */
  appended(): void {
    const { start } = this.#intake.gop;
    if (start?.seq === this.#owner.log.end - 1) this.#firstUnflushedKey ??= start;
  }

  /** The fan-outs get all packets of the log. */
  flush(): void {
    this.#flushed = this.#owner.log.end;
    this.#flushedHeaders = this.#intake.headers;
    this.#firstUnflushedKey = undefined;
  }

  /** Where a reader of `format` may start now. */
  now(format: ReaderFormat): StartPoint | undefined {
    const { log, gives, videoAway } = this.#owner;
    // The GOP of another source may be stale.
    if (!gives || this.#intake.resumeFilter.unknown) return undefined;
    if (format.video && !this.#intake.gop.audioOnly) {
      const { start } = this.#intake.gop;
      return start !== undefined && start.seq >= log.start ? start : undefined;
    }
    // Video may come back in the middle of its GOP.
    if (format.video && videoAway) return undefined;
    const { end } = log;
    const { from, fromHeaders, timeline } = this.#intake;
    if (end === from) return undefined;
    // While nothing of the source has been flushed, a reader gets all of it, with its own headers.
    if (this.#flushed <= from) return { seq: from, time: log.timeAt(from), headers: fromHeaders };
    // A reader that starts during a flush gets all packets of that flush.
    const seq = this.#flushed;
    return { seq, time: seq < end ? log.timeAt(seq) : timeline.newest, headers: this.#flushedHeaders };
  }

  /** Where readers that waited start with the packets of the next flush: at their first key frame, so that nothing is lost. */
  waiting(format: ReaderFormat): StartPoint | undefined {
    return format.video ? (this.#firstUnflushedKey ?? this.now(format)) : this.now(format);
  }

  /** What a reader needs at `seq`, in the middle of the stream, when its audio comes back. */
  audio(seq: number): StartPoint {
    const { log } = this.#owner;
    const headers = this.#intake.headers.filter((packet) => packet.kind === PacketKind.Audio);
    return { seq, time: seq < log.end ? log.timeAt(seq) : this.#intake.timeline.newest, headers };
  }
}

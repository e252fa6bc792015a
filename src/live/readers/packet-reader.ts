// Hot: one range for each flush and each step, however many readers share it.
import { type Packet, PacketKind } from "../../media/packet.ts";
import type { PacketLog } from "../log/log.ts";
import type { StartPoint } from "../log/start-point.ts";

/**
 * What a packet reader receives instead of bytes: the log's packets in [from, to), lent for the call. All packet readers at the
 * same position share it.
 *
 * Ranges follow each other without a gap, except for one with a `start`: a reader begins with it, and resumes with it after a
 * loss (`Reader.lost`), a pause, or the return of its video; the packets between the previous `to` and its `from` are skipped.
 */
export class PacketRange {
  readonly from: number;
  readonly to: number;
  /** The metadata and sequence headers in force at `from` that concern the reader; undefined in a range that follows another. */
  readonly start: StartPoint | undefined;
  /** Payload bytes, and at least 1 with a `start`: readers never receive empty pieces. */
  readonly length: number;
  /** Whether it has all packets in [from, to): a reader that waits for a key frame gets them without video. */
  readonly complete: boolean;
  readonly #log: PacketLog;
  readonly #video: boolean;

  constructor(log: PacketLog, from: number, to: number, start: StartPoint | undefined, video: boolean) {
    this.from = from;
    this.to = to;
    this.#log = log;
    this.#video = video;
    let length = 0;
    if (start !== undefined) {
      const headers = video ? start.headers : start.headers.filter(({ kind }) => kind !== PacketKind.Video);
      for (const { payload } of headers) length += payload.length;
      length = Math.max(length, 1);
      this.start = { ...start, headers };
    }
    let taken = 0;
    for (let seq = from; seq < to; seq++) {
      if (!this.#takes(seq)) continue;
      taken++;
      length += log.bytesAt(seq);
    }
    this.length = length;
    this.complete = taken === to - from;
  }

  /** Each packet in order, with its sequence number. Payloads are lent until `take` returns: to keep one, copy it. Headers may be kept. */
  forEach(take: (packet: Packet, seq: number) => void): void {
    for (let seq = this.from; seq < this.to; seq++) if (this.#takes(seq)) take(this.#log.at(seq), seq);
  }

  #takes(seq: number): boolean {
    return this.#video || this.#log.kindAt(seq) !== PacketKind.Video;
  }
}

/** Packets as they are: the fan-out gives its readers ranges of the log instead of encoded bytes. */
export class PacketFormat {
  readonly audio = true;
  readonly video: boolean;
  readonly withoutVideo: PacketFormat;

  constructor(withoutVideo?: PacketFormat) {
    this.video = withoutVideo !== undefined;
    this.withoutVideo = withoutVideo ?? this;
  }
}

/** The format of every packet reader. */
export const packetFormat = new PacketFormat(new PacketFormat());

// Hot: one range for each flush and each step, whoever many readers share it.
import { type Packet, PacketKind } from "../../media/packet.ts";
import type { PacketLog } from "../log/log.ts";
import type { StartPoint } from "../log/start-point.ts";

/**
 * What a packet reader gets instead of bytes: the log's packets in [from, to), for the call. All packet readers that are
 * at the same place share it.
 *
 * Ranges follow each other without a gap, but for one with a `start`: a reader begins with it, and goes on with it after a
 * loss (`Reader.lost`) or a pause, or when its video comes back; what lies between its `from` and the `to` before is left out.
 */
export class PacketRange {
  readonly from: number;
  readonly to: number;
  /** Metadata and sequence headers in force at `from`, of what the reader gets; undefined in a range that follows another. */
  readonly start: StartPoint | undefined;
  /** Payload bytes in it, and at least 1 with a `start`: readers are not handed what is empty. */
  readonly length: number;
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
    for (let seq = from; seq < to; seq++) if (this.#takes(seq)) length += log.bytesAt(seq);
    this.length = length;
  }

  /** Each packet in order. Payloads are lent until `take` returns: who needs one longer copies it. Headers may be kept. */
  forEach(take: (packet: Packet) => void): void {
    for (let seq = this.from; seq < this.to; seq++) if (this.#takes(seq)) take(this.#log.at(seq));
  }

  #takes(seq: number): boolean {
    return this.#video || this.#log.kindAt(seq) !== PacketKind.Video;
  }
}

/** Packets as they are. A fan-out hands its readers ranges of the log where those of a wire format get bytes. */
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

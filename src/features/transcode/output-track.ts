import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { RUN_START_MS } from "./arguments.ts";

/** FFmpeg rounds times to milliseconds. */
const ROUNDING_MS = 1;
/** A frame that is further than this ahead of FFmpeg's input, or behind the frame before it, has a wrong time. */
const MAX_STRAY_MS = 10_000;

/** Puts the packets of one track in one run of FFmpeg on the time line of the source. */
export class OutputTrack {
  readonly kind: PacketKind;
  /** The source's time of the first frame, ms. */
  readonly startsAt: number;
  /** FFmpeg's time of the newest packet, unrolled. */
  #newest = RUN_START_MS;

  constructor(kind: PacketKind, startsAt: number) {
    this.kind = kind;
    this.startsAt = startsAt;
  }

  /**
   * The source's time of a packet, from the FLV timestamp that FFmpeg gave it (31 bits); `inputTime` is the source's time of the
   * newest packet that FFmpeg got. "priming": the audio encoder has put the packet before the first sample. "stray": its time can't
   * be right.
   */
  timeOf(timestamp: number, flags: number, inputTime: number): number | "priming" | "stray" {
    if ((flags & (PacketFlag.SequenceHeader | PacketFlag.Config)) !== 0) return this.#at(this.#newest);
    const time = this.#newest + (((timestamp - this.#newest) << 1) >> 1);
    if (time < this.#newest - MAX_STRAY_MS || this.#at(time) > inputTime + MAX_STRAY_MS) return "stray";
    if (this.kind === PacketKind.Audio && time < RUN_START_MS - ROUNDING_MS) return "priming";
    this.#newest = time;
    // The first audio frame must not be before its header, even if its time was rounded down.
    return this.#at(this.kind === PacketKind.Audio ? Math.max(time, RUN_START_MS) : time);
  }

  #at(time: number): number {
    return this.startsAt + time - RUN_START_MS;
  }
}

/** The offset of the composition time in a video payload (FLV 10.1 E.4.3.2, Enhanced RTMP v2); -1 if it has none. */
function compositionAt(payload: Uint8Array): number {
  const [first = 0, second] = payload;
  if ((first & 0x80) === 0) return (first & 15) === 7 && second === 1 && payload.length >= 5 ? 2 : -1;
  const hasOne = payload[1] === 0x68 || payload[1] === 0x61;
  return (first & 15) === 1 && hasOne && payload.length >= 8 ? 5 : -1;
}

/** Presentation time less decoding time of a video payload, ms. */
export function compositionOf(payload: Uint8Array): number {
  const at = compositionAt(payload);
  if (at < 0) return 0;
  return (((payload[at] ?? 0) << 24) | ((payload[at + 1] ?? 0) << 16) | ((payload[at + 2] ?? 0) << 8)) >> 8;
}

/** The video payload with a decoding time later by `byMs` and the same presentation time, or the earliest possible one. */
export function decodedLater(payload: Uint8Array, byMs: number): Uint8Array {
  const at = compositionAt(payload);
  if (at < 0) return payload;
  const composition = Math.max(0, compositionOf(payload) - byMs);
  const later = payload.slice();
  later[at] = composition >> 16;
  later[at + 1] = composition >> 8;
  later[at + 2] = composition;
  return later;
}

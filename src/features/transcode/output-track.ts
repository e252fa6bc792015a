import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { RUN_START_MS } from "./arguments.ts";

/** FFmpeg rounds times to milliseconds. */
const ROUNDING_MS = 1;
/** A frame that is further than this ahead of FFmpeg's input, or behind the frame before it, has a wrong time. */
const MAX_STRAY_MS = 10_000;

/** The source's times of the packets of a track that FFmpeg got, ms. */
export interface FedTimes {
  readonly first: number;
  readonly newest: number;
}

/** The audio encoder's packet directly before its first sample. Decoders add half of it to the next packet. */
export interface Priming {
  readonly payload: Uint8Array;
  /** The source's time, ms; undefined before the start of the track. */
  readonly time: number | undefined;
}

/** Puts the packets of one track in one run of FFmpeg on the time line of the source. */
export class OutputTrack {
  readonly kind: PacketKind;
  /** The source's time of the first frame, ms. */
  readonly startsAt: number;
  #priming: Priming | undefined;
  /** FFmpeg's time of the newest packet, unrolled. */
  #newest = RUN_START_MS;

  constructor(kind: PacketKind, startsAt: number) {
    this.kind = kind;
    this.startsAt = startsAt;
  }

  /**
   * The source's time of a packet, from the FLV timestamp that FFmpeg gave it (31 bits). "priming": the audio encoder has put the
   * packet before the first sample. "stray": its time can't be right.
   */
  timeOf(timestamp: number, flags: number, payload: Uint8Array, fed: FedTimes): number | "priming" | "stray" {
    if ((flags & (PacketFlag.SequenceHeader | PacketFlag.Config)) !== 0) return this.#at(this.#newest);
    const time = this.#newest + (((timestamp - this.#newest) << 1) >> 1);
    if (time < this.#newest - MAX_STRAY_MS || this.#at(time) > fed.newest + MAX_STRAY_MS) return "stray";
    if (this.kind === PacketKind.Video) {
      this.#newest = time;
      return this.#at(time);
    }
    // The first audio frame must not be before its header, even if its time was rounded down.
    const isEarly = time < RUN_START_MS - ROUNDING_MS;
    const at = this.#at(Math.max(time, RUN_START_MS));
    if (isEarly || this.#at(time) < fed.first - ROUNDING_MS) {
      this.#priming = { payload, time: isEarly ? undefined : at };
      return "priming";
    }
    this.#newest = time;
    return at;
  }

  /** The priming packet that belongs before the next frame; undefined if there is none, or it was taken. */
  takePriming(): Priming | undefined {
    const priming = this.#priming;
    this.#priming = undefined;
    return priming;
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

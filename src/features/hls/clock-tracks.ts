// Hot: isOf runs for each packet of each stream that is cut.
import { isKey } from "../../live/source/source.ts";
import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { CodecDescription } from "./codec-description.ts";

/** One bit for each kind of packet. */
export function kindBit(kind: PacketKind): number {
  return 1 << kind;
}

/** Sound and video. */
export const ALL_KINDS = kindBit(PacketKind.Audio) | kindBit(PacketKind.Video);

/**
 * The tracks of a clock, which all its segments have. A track that comes later, or a header that changes, waits for the epoch's next
 * discontinuity, which is at a key frame where there is video, or for the next key frame if the epoch has no discontinuity there.
 */
export class ClockTracks {
  /** The codecs of what is cut. */
  readonly codecs = new CodecDescription();
  /** The stream has video, so that there are key frames. */
  hasKeys = false;
  #hasKeysLater = false;
  /** Bits of the kinds of frames that are cut; 0 before the first one. */
  #kinds = 0;
  /** Bits of the kinds that have come: those not in `#kinds` are cut from the next key frame on. */
  #came = 0;
  /** Headers that are not in force yet. */
  #later: readonly Packet[] = [];
  /** Whether `#later` are another encoder's headers, which replace all those in force. */
  #replaces = false;
  #open = true;

  /** Packets begin to come, with these headers in force; `own` are those of what is cut. */
  begin(headers: readonly Packet[], own: readonly Packet[]): void {
    this.#later = [];
    this.#replaces = false;
    this.hasKeys = headers.some(isVideoHeader);
    this.#hasKeysLater = this.hasKeys;
    this.codecs.begin(own);
    if (this.#kinds !== 0) for (const { kind } of own) this.#kinds |= kindBit(kind);
  }

  /** A header came; `own` is what is cut of it, lent for the call. */
  header(header: Packet, own: Packet | undefined): void {
    const holds = this.#open || this.#kinds === 0;
    if (isVideoHeader(header)) this.#hasKeysLater = true;
    if (own !== undefined) this.#later = [...this.#later.filter((one) => !replaces(own, one)), own.copy()];
    if (holds) this.#takeLater();
  }

  /** The next frame is another encoder's. `headers` are those that it has sent so far, `own` those of the tracks that are cut. */
  replace(headers: readonly Packet[], own: readonly Packet[]): void {
    this.#later = own;
    this.#replaces = true;
    this.#hasKeysLater = headers.some(isVideoHeader);
    if (this.#open || this.#kinds === 0) this.#takeLater();
  }

  /** A clock begins; its tracks are known at `settle`. */
  beginClock(): void {
    this.#open = true;
    this.#kinds = 0;
    this.#came = 0;
    this.#takeLater();
    this.codecs.forgetFrames();
  }

  /** The clock's tracks are known: the kinds of frames that it began with, and those whose headers are in force. */
  settle(kinds: number): void {
    this.#open = false;
    this.#kinds = kinds;
    for (const kind of [PacketKind.Audio, PacketKind.Video]) if (this.codecs.has(kind)) this.#kinds |= kindBit(kind);
  }

  /** Whether a frame is of one of the clock's tracks. `own`: what is cut of it. */
  isOf({ kind, flags }: Packet, own: Packet | undefined): boolean {
    const key = isKey(kind, flags);
    const bit = kindBit(kind);
    if (key) this.#takeLater();
    if (own === undefined) return true;
    this.#came |= bit;
    if (key || this.#kinds === 0) this.#kinds |= this.#came;
    return (this.#kinds & bit) !== 0;
  }

  #takeLater(): void {
    if (this.#hasKeysLater || this.#replaces) this.hasKeys = this.#hasKeysLater;
    if (this.#replaces) this.codecs.replace(this.#later);
    else for (const header of this.#later) this.codecs.header(header);
    this.#later = [];
    this.#replaces = false;
  }
}

function replaces({ kind, flags }: Packet, other: Packet): boolean {
  return kind === other.kind && flags === other.flags;
}

function isVideoHeader({ kind, flags, track }: Packet): boolean {
  return kind === PacketKind.Video && track === 0 && (flags & PacketFlag.SequenceHeader) !== 0;
}

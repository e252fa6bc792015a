// Hot: hold runs for each packet of each stream that is cut.
import { LATE_TRACK_MS, type Slot } from "../../live/source/epoch.ts";
import { Packet } from "../../media/packet.ts";
import { ALL_KINDS, kindBit } from "./clock-tracks.ts";

/** Maximum bytes and number of the frames that are held. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_PACKETS = 4096;
const NOTHING = new Uint8Array(0);

/** A frame that is held, the part of it that is cut (`own`), and its slot. */
export interface HeldFrame {
  /** Without its payload. */
  readonly packet: Packet;
  readonly own: Packet | undefined;
  readonly slot: Slot;
}

/**
 * Holds the first frames of a clock until all tracks that begin with it are known, so that its first segment has them all: until frames of
 * both audio and video have come, or LATE_TRACK_MS have passed.
 *
 *     closed ──begin──> open ──both kinds, LATE_TRACK_MS, too much of it──> closed
 */
export class Opening {
  #frames: HeldFrame[] = [];
  #open = false;
  /** Stream time at which the clock began, ms. */
  #zero = 0;
  #kinds = 0;
  #bytes = 0;

  /** Bytes of the frames that are held. */
  get heldBytes(): number {
    return this.#bytes;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** A clock begins. */
  begin(zero: number): void {
    this.#open = true;
    this.#zero = zero;
    this.#kinds = 0;
  }

  /** Whether the frame is held, as a copy. False: the caller closes the opening and cuts the held frames before this one. */
  hold({ kind, time, payload, flags, track }: Packet, own: Packet | undefined, slot: Slot): boolean {
    if (!this.#open) return false;
    if (time - this.#zero >= LATE_TRACK_MS) return false;
    this.#kinds |= kindBit(kind);
    const isFull = this.#bytes + payload.length > MAX_BYTES || this.#frames.length === MAX_PACKETS;
    if (this.#kinds === ALL_KINDS || isFull) return false;
    const copy = own?.copy();
    this.#bytes += copy?.payload.length ?? 0;
    this.#frames.push({ packet: new Packet(kind, time, NOTHING, flags, track), own: copy, slot });
    return true;
  }

  /** Kinds of the frames that came in time; see `kindBit`. */
  get kinds(): number {
    return this.#kinds;
  }

  /** Closes it, and returns what it held, in order. */
  close(): readonly HeldFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#open = false;
    this.#bytes = 0;
    return frames;
  }
}

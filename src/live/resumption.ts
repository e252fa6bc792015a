// Hot: judge runs for each packet of a source that may be repeating itself.
import { type Packet, PacketFlag, PacketKind } from "../media/packet.ts";
import type { Timeline } from "./timeline.ts";

/** What a new source's packet is: had already, the first of something else, or simply the next. */
export type Verdict = "repeated" | "other" | "next";

/**
 * Recognises a source that goes on where another broke off. A relay that reconnects begins with the newest GOP: when that is
 * the one in which the connection was lost, readers get what they have not had of it, and notice nothing.
 */
export class Resumption {
  readonly #timeline: Timeline;
  #newestKey: Packet | undefined;
  #state: "unknown" | "repeating" | "over" = "unknown";

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Whether nothing is left to judge. */
  get over(): boolean {
    return this.#state === "over";
  }

  /** Whether the new source has not shown yet what it is. */
  get undecided(): boolean {
    return this.#state === "unknown";
  }

  /** Another source begins. */
  newSource(): void {
    this.#state = "unknown";
  }

  /** The stream got a key frame, by which its GOP will be known. */
  key(packet: Packet): void {
    this.#newestKey = packet;
  }

  /** Nobody will resume this stream. */
  forget(): void {
    this.#newestKey = undefined;
  }

  /** Judges an audio or video frame of the new source by its wire timestamp and payload. */
  judge(kind: PacketKind, track: number, flags: number, timestamp: number, payload: Uint8Array): Verdict {
    const time = this.#timeline.continued(timestamp);
    if (this.#state === "unknown") {
      const key = kind === PacketKind.Video && (flags & PacketFlag.Key) !== 0;
      if (!key || time === undefined || time !== this.#newestKey?.time || !same(payload, this.#newestKey.payload)) {
        this.#state = "over";
        return "other";
      }
      this.#state = "repeating";
      this.#timeline.resume(timestamp);
    }
    if (time !== undefined && time <= this.#timeline.newestOf(kind, track)) return "repeated";
    this.#state = "over";
    return "next";
  }

  /** Whether a data message of the new source was had already. */
  repeatsData(timestamp: number): boolean {
    if (this.#state !== "repeating") return false;
    const time = this.#timeline.continued(timestamp);
    return time !== undefined && time <= this.#timeline.newestOf(PacketKind.Data, 0);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

// Hot: of and set run for each packet.
import { PacketKind } from "../../media/packet.ts";

/** Index of a track in a list of all: audio of track t at 2t, video at 2t + 1. */
export function trackIndex(kind: PacketKind, track: number): number {
  return track * 2 + (kind === PacketKind.Video ? 1 : 0);
}

/** One time (ms) for each track, and one for data; -Infinity means none yet. */
export class Times {
  /** By `trackIndex`. */
  readonly #tracks: number[] = [];
  #data = Number.NEGATIVE_INFINITY;

  of(kind: PacketKind, track: number): number {
    if (kind === PacketKind.Data) return this.#data;
    return this.#tracks[trackIndex(kind, track)] ?? Number.NEGATIVE_INFINITY;
  }

  set(kind: PacketKind, track: number, time: number): void {
    if (kind === PacketKind.Data) {
      this.#data = time;
      return;
    }
    const index = trackIndex(kind, track);
    while (this.#tracks.length <= index) this.#tracks.push(Number.NEGATIVE_INFINITY);
    this.#tracks[index] = time;
  }

  copy(): Times {
    const copy = new Times();
    copy.#tracks.push(...this.#tracks);
    copy.#data = this.#data;
    return copy;
  }
}

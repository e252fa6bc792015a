// Hot: push runs for each packet of each result.
import type { Clock, Timer } from "../../base/clock.ts";
import { PacketKind } from "../../media/packet.ts";

/** A packet waits this long for an earlier one of the other track; encoders look ahead for a second or two. */
const MAX_WAIT_MS = 3000;
/** Maximum of what the tracks of a result hold together. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A packet that waits. */
interface Waiting {
  readonly time: number;
  readonly isFrame: boolean;
  readonly payload: Uint8Array;
  readonly since: number;
}

/** One track and its waiting packets. */
class Track {
  readonly kind: PacketKind;
  readonly queue: Waiting[] = [];
  /** Time of its newest frame; no earlier packet follows. */
  newest = Number.NEGATIVE_INFINITY;
  /** Whether the other track waits for it. */
  expected = false;

  constructor(kind: PacketKind) {
    this.kind = kind;
  }
}

/**
 * Merges audio and video that come from two makers, in the order of their times. A packet waits for the other track only while that
 * is expected, and for a limited time; after that, packets wait for the late track no more until it sends again.
 */
export class TrackMerge {
  readonly #clock: Clock;
  readonly #emit: (kind: PacketKind, time: number, payload: Uint8Array) => void;
  readonly #video = new Track(PacketKind.Video);
  readonly #audio = new Track(PacketKind.Audio);
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, emit: (kind: PacketKind, time: number, payload: Uint8Array) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Bytes of waiting packets. */
  get bytesQueued(): number {
    return this.#bytes;
  }

  /** Whether the other track waits for this one. */
  expect(kind: PacketKind, expected: boolean): void {
    this.#track(kind).expected = expected;
    this.#run();
  }

  /** Takes the next packet of a track, a frame or a header before one, and keeps its payload. */
  push(kind: PacketKind, time: number, payload: Uint8Array, isFrame = true): void {
    const track = this.#track(kind);
    track.expected = true;
    if (isFrame && time > track.newest) track.newest = time;
    track.queue.push({ time, isFrame, payload, since: this.#clock.now() });
    this.#bytes += payload.length;
    this.#run();
  }

  /** Releases all waiting packets. */
  flush(): void {
    this.#video.expected = false;
    this.#audio.expected = false;
    this.#run();
  }

  #track(kind: PacketKind): Track {
    return kind === PacketKind.Video ? this.#video : this.#audio;
  }

  #run(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (;;) {
      const next = this.#next();
      const head = next?.queue[0];
      if (next === undefined || head === undefined) return;
      const other = next === this.#video ? this.#audio : this.#video;
      if (other.queue.length === 0 && other.expected && other.newest < head.time && this.#bytes <= MAX_BYTES) {
        const waitMs = head.since + MAX_WAIT_MS - this.#clock.now();
        if (waitMs > 0) {
          this.#timer = this.#clock.after(waitMs, () => this.#run());
          return;
        }
        other.expected = false;
      }
      next.queue.shift();
      this.#bytes -= head.payload.length;
      this.#emit(next.kind, head.time, head.payload);
    }
  }

  /** The track with the earliest packet; at equal times, a header comes before a frame, so that readers that begin there have it. */
  #next(): Track | undefined {
    const [video] = this.#video.queue;
    const [audio] = this.#audio.queue;
    if (video === undefined) return audio === undefined ? undefined : this.#audio;
    if (audio === undefined || video.time < audio.time) return this.#video;
    return video.time > audio.time || (video.isFrame && !audio.isFrame) ? this.#audio : this.#video;
  }
}

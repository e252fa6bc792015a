// Hot: take runs for each frame of a fragment.
import { Codec } from "../codec.ts";
import { byteAt } from "../enhanced.ts";
import { flacSamples } from "../flac.ts";
import type { FrameReader } from "../frame.ts";
import { opusSamples } from "../opus.ts";
import { PacketFlag, PacketKind } from "../packet.ts";
import { SampleFlag } from "./sample-flags.ts";
import { TrackClock } from "./track-clock.ts";
import type { Mp4Track } from "./tracks.ts";

const FIRST_CAPACITY = 128;
const MAX_OFFSET = 2 ** 31 - 1;
/** A temporal delimiter OBU of size 0, which is left out of samples (AV1-ISOBMFF, 2.4). */
const DELIMITER = { Header: 0x12, Bytes: 2 } as const;

/** The samples that a fragment has of one track, as numbers. One object serves all fragments. */
export class TrackSamples {
  readonly kind: PacketKind;
  /** Its id in enhanced RTMP. */
  readonly id: number;
  /** Its id in MP4. */
  readonly trackId: number;
  readonly clock: TrackClock;
  count = 0;
  /** Bytes of all samples. */
  bytes = 0;
  /** Decode times in ticks: once the fragment is whole, one more than the samples. */
  times = new Float64Array(FIRST_CAPACITY + 1);
  sizes = new Uint32Array(FIRST_CAPACITY);
  /** Composition offsets in ticks. */
  offsets = new Int32Array(FIRST_CAPACITY);
  /** sample_flags. */
  flags = new Uint32Array(FIRST_CAPACITY);
  /** Index of each sample's packet in the fragment, and where in its payload the sample begins. */
  packets = new Uint32Array(FIRST_CAPACITY);
  starts = new Uint32Array(FIRST_CAPACITY);
  readonly #codec: number;
  /** Number of samples in an audio frame that does not show it. */
  readonly #frameSamples: number;

  constructor(track: Mp4Track, trackId: number, origin: number) {
    this.kind = track.kind;
    this.id = track.id;
    this.trackId = trackId;
    this.clock = new TrackClock(track, origin);
    this.#codec = track.codec;
    this.#frameSamples = track.config.kind === PacketKind.Audio ? track.config.frameSamples : 0;
  }

  /** Begins a fragment. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
  }

  /** Whether a frame is one of this track's codec, and not empty. */
  fits({ codec, start, end }: FrameReader): boolean {
    const same = codec === this.#codec || (this.#codec === Codec.Mp3 && codec === Codec.Mp3At8kHz);
    return same && start < end;
  }

  /** Takes a frame that fits, of the fragment's packet with a number; the packet begins at `offset` of `bytes`. */
  take(frame: FrameReader, bytes: Uint8Array, offset: number, packet: number, time: number, flags: number): void {
    const at = this.count++;
    if (at === this.sizes.length) this.#grow();
    const key = (flags & PacketFlag.Key) !== 0;
    const pts = time + frame.composition;
    const dts = this.clock.take(time, pts, key, this.#samplesOf(bytes, frame.start, frame.end));
    const start = this.#startOf(bytes, frame.start, frame.end);
    this.times[at] = dts;
    this.sizes[at] = frame.end - start;
    this.packets[at] = packet;
    this.starts[at] = start - offset;
    this.bytes += frame.end - start;
    if (this.kind !== PacketKind.Video) return;
    this.offsets[at] = Math.min(Math.max(-MAX_OFFSET, this.clock.ticks(pts) - dts), MAX_OFFSET);
    this.flags[at] = key
      ? SampleFlag.Independent
      : SampleFlag.Dependent | ((flags & PacketFlag.Disposable) !== 0 ? SampleFlag.Disposable : 0);
  }

  /** The fragment's last packet is taken: `end` is the decode time of what follows. */
  finish(end: number): void {
    this.times[this.count] = end;
  }

  #startOf(bytes: Uint8Array, start: number, end: number): number {
    const delimiter = this.#codec === Codec.Av1 && end - start > DELIMITER.Bytes;
    if (!delimiter || bytes[start] !== DELIMITER.Header || byteAt(bytes, start + 1) !== 0) return start;
    return start + DELIMITER.Bytes;
  }

  #samplesOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.#codec === Codec.Opus) return opusSamples(bytes, start, end) || this.#frameSamples;
    if (this.#codec === Codec.Flac) return flacSamples(bytes, start, end) || this.#frameSamples;
    return this.#frameSamples;
  }

  #grow(): void {
    const capacity = 2 * this.sizes.length;
    this.times = enlarged(this.times, new Float64Array(capacity + 1));
    this.sizes = enlarged(this.sizes, new Uint32Array(capacity));
    this.offsets = enlarged(this.offsets, new Int32Array(capacity));
    this.flags = enlarged(this.flags, new Uint32Array(capacity));
    this.packets = enlarged(this.packets, new Uint32Array(capacity));
    this.starts = enlarged(this.starts, new Uint32Array(capacity));
  }
}

function enlarged<T extends Float64Array | Uint32Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

// Hot: write runs for each fragment, and goes through its packets twice.
import { copyBytes } from "../../base/memory.ts";
import { Content, FrameReader } from "../frame.ts";
import { type Packet, PacketFlag, PacketKind } from "../packet.ts";
import type { PacketCursor } from "../packet-cursor.ts";
import { MDAT_HEAD_BYTES, moofBytes, writeMoof } from "./fragment-boxes.ts";
import { SampleFlag } from "./sample-flags.ts";
import { TrackSamples } from "./track-samples.ts";
import type { Mp4Track } from "./tracks.ts";

/** A moof and its mdat. */
export interface Fragment {
  /** Empty when the packets have no sample of the tracks. Belongs to the caller. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly samples: number;
  /** It has a key frame, or its tracks are audio only: INDEPENDENT of a part (RFC 8216bis, 4.4.4.9). */
  readonly independent: boolean;
  /** Its first video sample is a key frame, or its tracks are audio only. */
  readonly startsWithKey: boolean;
}

/** The packets and times after a fragment. */
export interface Following {
  /** Packets after the fragment: the first of each track ends its last sample. Without one, that sample lasts as long as the one before. */
  readonly next?: readonly Packet[];
  /**
   * The fragment is a segment's last: the next fragment's times are those of its packets, whatever came before. So servers that cut
   * segments at the same packets write the same bytes, wherever they began. Between the segments, audio is off by the rounding of the
   * packets' times, 1 ms at most, unless `next` has the packet that ends it.
   */
  readonly ends?: boolean;
}

const NOTHING: Following = {};

/**
 * Makes fragments of a stream's packets, for the tracks of `initSegment`. Fragments may begin anywhere; fragments of consecutive packets
 * have contiguous decode times, as far as `TrackClock` keeps them so. Their bytes are a function of the tracks, the origin, the arguments
 * and the packets since the segment began.
 */
export class FragmentWriter {
  readonly #frame = new FrameReader();
  readonly #tracks: readonly TrackSamples[];
  readonly #video: readonly TrackSamples[];
  readonly #audio: readonly TrackSamples[];
  /** Number of frames left out: of another codec than their track's, or empty. */
  skipped = 0;

  /** `origin` is the time, ms, from which decode times count; earlier times count as 0. */
  constructor(tracks: readonly Mp4Track[], origin: number) {
    this.#tracks = tracks.map((track, at) => new TrackSamples(track, at + 1, origin));
    this.#video = this.#tracks.filter(({ kind }) => kind === PacketKind.Video);
    this.#audio = this.#tracks.filter(({ kind }) => kind === PacketKind.Audio);
  }

  /**
   * A fragment of these packets, whose payloads are lent for the call. `sequence` is mfhd's, from 1 on. Sequence headers among the packets
   * are ignored: they need another init segment and another writer.
   */
  write(packets: PacketCursor, sequence: number, following: Following = NOTHING): Fragment {
    this.#take(packets);
    const samples = this.#finish(following);
    const first = this.#video.find(({ count }) => count > 0);
    const audioOnly = this.#video.length === 0;
    const fragment: Fragment = {
      bytes: samples === 0 ? new Uint8Array(0) : this.#bytes(packets, sequence),
      samples,
      independent: samples > 0 && (audioOnly || this.#video.some(hasKey)),
      startsWithKey: samples > 0 && (audioOnly || first?.flags[0] === SampleFlag.Independent),
    };
    if (following.ends) for (const { clock } of this.#tracks) clock.begin();
    return fragment;
  }

  #take(packets: PacketCursor): void {
    const frame = this.#frame;
    for (let i = 0; i < this.#tracks.length; i++) (this.#tracks[i] as TrackSamples).clear();
    for (let packet = 0; packets.next(); packet++) {
      if (packets.kind === PacketKind.Data) continue;
      const { bytes, offset, length } = packets;
      const tracks = packets.kind === PacketKind.Video ? this.#video : this.#audio;
      for (let i = 0; i < tracks.length; i++) {
        const track = tracks[i] as TrackSamples;
        frame.read(packets.kind, bytes, offset, offset + length, track.id);
        if (frame.content !== Content.Frame) continue;
        if (track.fits(frame)) track.take(frame, bytes, offset, packet, packets.time, packets.flags);
        else this.skipped++;
      }
    }
  }

  /** Gives each track's last sample its duration; returns how many samples there are. */
  #finish({ next = [], ends = false }: Following): number {
    let samples = 0;
    for (const track of this.#tracks) {
      samples += track.count;
      if (track.count > 0) track.finish(this.#endOf(track, next, ends));
    }
    return samples;
  }

  #endOf(track: TrackSamples, next: readonly Packet[], ends: boolean): number {
    const frame = this.#frame;
    for (const { kind, payload, time, flags } of next) {
      if (kind !== track.kind) continue;
      frame.read(kind, payload, 0, payload.length, track.id);
      if (frame.content !== Content.Frame || !track.fits(frame)) continue;
      return track.clock.peek(time, time + frame.composition, (flags & PacketFlag.Key) !== 0, ends);
    }
    return track.clock.end;
  }

  #bytes(packets: PacketCursor, sequence: number): Uint8Array<ArrayBuffer> {
    const tracks = this.#tracks;
    let size = moofBytes(tracks) + MDAT_HEAD_BYTES;
    for (let i = 0; i < tracks.length; i++) size += (tracks[i] as TrackSamples).bytes;
    const out = new Uint8Array(size);
    const data = writeMoof(new DataView(out.buffer), tracks, sequence);
    // Each track's samples are together in the mdat, so one track is copied at a time.
    let at = data;
    for (let i = 0; i < tracks.length; i++) at = copySamples(out, at, tracks[i] as TrackSamples, packets);
    return out;
  }
}

function copySamples(out: Uint8Array, start: number, track: TrackSamples, packets: PacketCursor): number {
  const { count, starts, sizes } = track;
  let at = start;
  packets.rewind();
  for (let packet = 0, sample = 0; sample < count && packets.next(); packet++) {
    if (track.packets[sample] !== packet) continue;
    const from = packets.offset + (starts[sample] as number);
    const size = sizes[sample] as number;
    copyBytes(out, at, packets.bytes, from, from + size);
    at += size;
    sample++;
  }
  return at;
}

function hasKey({ count, flags }: TrackSamples): boolean {
  for (let i = 0; i < count; i++) if (flags[i] === SampleFlag.Independent) return true;
  return false;
}

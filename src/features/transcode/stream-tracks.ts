import { sequenceHeader } from "../../live/source/sequence-headers.ts";
import { isHeader } from "../../live/source/source.ts";
import { codecNumber } from "../../media/codec.ts";
import { Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { type TrackCodec, trackCodec } from "./codecs.ts";
import type { StreamTracks } from "./plan.ts";

/** A packet's change of a track: its first or another codec, or another configuration of its codec. */
export type TrackChange = "codec" | "configuration" | undefined;

interface Known {
  /** By `codecNumber`. */
  number: number;
  codec: TrackCodec | undefined;
  header: Uint8Array | undefined;
  /** The time from which it has this codec and configuration, ms. */
  since: number;
  /** The newest frame's time, ms. */
  newest: number;
  /** The first frame, of a codec without a header, or of VP9, whose header has no size. */
  frame: Packet | undefined;
}

/** Follows the first track of each kind in a stream's packets. */
export class SeenTracks implements StreamTracks {
  readonly #video: Known = newTrack();
  readonly #audio: Known = newTrack();

  get video(): TrackCodec | undefined {
    return this.#video.codec;
  }

  get audio(): TrackCodec | undefined {
    return this.#audio.codec;
  }

  /** The sequence headers as packets, without times. */
  get headers(): Packet[] {
    const flags = PacketFlag.SequenceHeader;
    return [
      ...packetOf(PacketKind.Video, this.#video.header, flags),
      ...packetOf(PacketKind.Audio, this.#audio.header, flags),
    ];
  }

  /** Describes each track to a muxer: its sequence header, or its first frame if it has none. */
  get samples(): Packet[] {
    const { headers } = this;
    const frames = [this.#video, this.#audio].flatMap(({ frame }) => (frame === undefined ? [] : [frame]));
    return [...headers, ...frames];
  }

  /** The time from which a track has its codec and configuration, ms: earlier packets in the log can't be decoded with these. */
  since(kind: PacketKind): number {
    return this.#known(kind).since;
  }

  /** The time of a track's newest frame, ms. */
  newest(kind: PacketKind): number {
    return this.#known(kind).newest;
  }

  /** Whether a payload has the present codec of its track. */
  hasCodec(kind: PacketKind, payload: Uint8Array): boolean {
    const known = this.#known(kind);
    const number = codecNumber(kind, payload);
    return number === 0 || number === known.number;
  }

  /**
   * The next frame is another encoder's, which has sent these headers so far: forgets each track without a header among them. True if
   * there was one.
   */
  encoderChanged(headers: readonly Packet[]): boolean {
    const gone = [PacketKind.Video, PacketKind.Audio].filter(
      (kind) => this.#known(kind).header !== undefined && sequenceHeader(headers, kind) === undefined,
    );
    for (const kind of gone) Object.assign(this.#known(kind), newTrack());
    return gone.length > 0;
  }

  /** Looks at a packet, and returns what it changes. */
  see({ kind, flags, track, payload }: Packet, time: number): TrackChange {
    if (kind === PacketKind.Data || track !== 0 || payload.length === 0) return undefined;
    const known = this.#known(kind);
    known.newest = isHeader(flags) ? known.newest : time;
    // Video changes its codec only at a key frame.
    const describes =
      known.codec === undefined || isHeader(flags) || kind === PacketKind.Audio || (flags & PacketFlag.Key) !== 0;
    if (!describes || isCommand(kind, payload)) return undefined;
    const codec = codecIn(kind, payload, known);
    const isOther = codec !== undefined && codec.name !== known.codec?.name;
    if (isOther) change(known, codec, time);
    if (!isHeader(flags) && known.frame === undefined && (known.header === undefined || known.codec?.name === "vp9"))
      known.frame = new Packet(kind, 0, payload.slice(), flags, track);
    if ((flags & PacketFlag.SequenceHeader) === 0) return isOther ? "codec" : undefined;
    const before = known.header;
    if (before !== undefined && equal(before, payload)) return undefined;
    known.header = payload.slice();
    if (before !== undefined) known.since = time;
    return isOther ? "codec" : before === undefined ? undefined : "configuration";
  }

  #known(kind: PacketKind): Known {
    return kind === PacketKind.Video ? this.#video : this.#audio;
  }
}

function newTrack(): Known {
  const never = Number.NEGATIVE_INFINITY;
  return { number: 0, codec: undefined, header: undefined, since: never, newest: never, frame: undefined };
}

/** The track has another codec from a time on. */
function change(known: Known, codec: TrackCodec, time: number): void {
  if (known.codec !== undefined) known.since = time;
  known.codec = codec;
  known.header = undefined;
  known.frame = undefined;
}

function packetOf(kind: PacketKind, payload: Uint8Array | undefined, flags: number): Packet[] {
  return payload === undefined ? [] : [new Packet(kind, 0, payload, flags, 0)];
}

function codecIn(kind: PacketKind, payload: Uint8Array, known: Known): TrackCodec | undefined {
  const number = codecNumber(kind, payload);
  if (number === 0 || number === known.number) return known.codec;
  known.number = number;
  return trackCodec(kind, payload);
}

/** A command of a client-side seek (FLV 10.1 E.4.3.1, frame type 5). */
function isCommand(kind: PacketKind, payload: Uint8Array): boolean {
  return kind === PacketKind.Video && (((payload[0] ?? 0) >> 4) & 7) === 5;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

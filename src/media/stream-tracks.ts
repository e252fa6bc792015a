import { ProtocolError } from "../base/errors.ts";
import { Codec, nameOfCodec, trackIds } from "./codec.ts";
import { Content, FrameReader } from "./frame.ts";
import { type Packet, PacketKind } from "./packet.ts";
import { awaitsFrame, readAudioTrack, readVideoTrack, type TrackConfig } from "./track-config.ts";

/** Maximum number of a stream's tracks that are looked at; a stream with more is an attack. */
const MAX_TRACKS = 16;
/** Maximum bytes of a configuration that are read. */
const MAX_RECORD_BYTES = 64 * 1024;

/** A track of which packets have a header or a frame. */
export interface StreamTrack {
  readonly kind: PacketKind;
  /** Track id of enhanced RTMP; 0 where messages name no track. */
  readonly id: number;
  /** As `codecNumber` gives it, but `Codec.Mp3` for both numbers of MP3. */
  readonly codec: number;
  /** The codec's name for people. */
  readonly name: string;
  /** The configuration, or in words why there is none. */
  readonly config: TrackConfig | string;
  /** Whether its sequence header has come. */
  readonly hasHeader: boolean;
  /** There is no configuration yet, but a frame may give it. */
  readonly awaitsFrame: boolean;
}

/** A track while its packets are read. */
class Reading implements StreamTrack {
  readonly kind: PacketKind;
  readonly id: number;
  codec = 0;
  name = "";
  config: TrackConfig | string = "";
  #record: Uint8Array | undefined;

  constructor(kind: PacketKind, id: number) {
    this.kind = kind;
    this.id = id;
  }

  get hasHeader(): boolean {
    return this.#record !== undefined;
  }

  get awaitsFrame(): boolean {
    return typeof this.config === "string" && awaitsFrame(this.kind, this.codec, this.config, this.name);
  }

  take(codec: number, content: number, body: Uint8Array): void {
    if (codec !== this.codec) this.#record = undefined;
    else if (content === Content.Frame && typeof this.config !== "string") return;
    this.codec = codec;
    this.name = nameOfCodec(this.kind, codec);
    if (content === Content.Header) this.#record = body.slice(0, MAX_RECORD_BYTES);
    const frame = content === Content.Frame ? body : undefined;
    try {
      const read = this.kind === PacketKind.Video ? readVideoTrack : readAudioTrack;
      this.config = read(codec, this.#record, frame, this.name);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.config = error.message;
    }
  }
}

/**
 * The tracks of a stream, video first, by these packets: its headers, and frames of codecs without a header (MP3, AC-3, E-AC-3) or without
 * the size of pictures in it (VP9). A track that can't be read has the reason in place of its configuration.
 */
export function streamTracks(packets: readonly Packet[]): StreamTrack[] {
  const tracks = new Map<number, Reading>();
  const frame = new FrameReader();
  for (const { kind, payload } of packets) {
    if (kind === PacketKind.Data) continue;
    for (const id of trackIds(kind, payload)) {
      frame.read(kind, payload, 0, payload.length, id);
      if (frame.content === Content.None) continue;
      const key = kind * 256 + id;
      let track = tracks.get(key);
      if (track === undefined) {
        if (tracks.size === MAX_TRACKS) continue;
        track = new Reading(kind, id);
        tracks.set(key, track);
      }
      const codec = kind === PacketKind.Audio && frame.codec === Codec.Mp3At8kHz ? Codec.Mp3 : frame.codec;
      track.take(codec, frame.content, payload.subarray(frame.start, frame.end));
    }
  }
  return [...tracks.values()].sort((a, b) => b.kind - a.kind || a.id - b.id);
}

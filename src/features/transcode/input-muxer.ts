import { FlvFormat } from "../../media/flv-format.ts";
import { flvHeader } from "../../media/flv-header.ts";
import { FragmentWriter } from "../../media/mp4/fragment.ts";
import { initSegment } from "../../media/mp4/init-segment.ts";
import { mp4Tracks } from "../../media/mp4/tracks.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";
import { PacketListCursor } from "../../media/packet-cursor.ts";

const NOTHING = new Uint8Array(0);

/** Writes packets in a container that FFmpeg reads from a pipe. */
export interface InputMuxer {
  /** Whether the container carries the packets of a track. */
  takes(kind: PacketKind, track: number): boolean;
  /** The container's head and the codecs' headers, for a first packet at `time` (ms). */
  begin(headers: readonly Packet[], time: number): Uint8Array;
  /** The codecs' headers again, after missing packets. */
  headers(headers: readonly Packet[], time: number): Uint8Array;
  /** The next packets. */
  packets(packets: readonly Packet[]): Uint8Array;
}

/** Fragmented MP4 for HEVC, AV1, VP9, Opus and other codecs that FFmpeg's FLV has not had before version 6.1. */
export class Mp4Input implements InputMuxer {
  readonly #audio: boolean;
  readonly #video: boolean;
  /** Sequence headers, and frames of codecs that have none. */
  readonly #samples: readonly Packet[];
  #writer: FragmentWriter | undefined;
  #sequence = 1;

  constructor(audio: boolean, video: boolean, samples: readonly Packet[]) {
    this.#audio = audio;
    this.#video = video;
    this.#samples = samples.filter(({ kind, track }) => this.takes(kind, track));
  }

  takes(kind: PacketKind, track: number): boolean {
    if (kind === PacketKind.Data || track !== 0) return false;
    return kind === PacketKind.Video ? this.#video : this.#audio;
  }

  begin(): Uint8Array {
    const tracks = mp4Tracks(this.#samples);
    this.#writer = new FragmentWriter(tracks, 0);
    return initSegment(tracks);
  }

  /** Nothing: the container's head has them. */
  headers(): Uint8Array {
    return NOTHING;
  }

  packets(packets: readonly Packet[]): Uint8Array {
    return this.#writer?.write(new PacketListCursor(packets), this.#sequence++).bytes ?? NOTHING;
  }
}

/** FLV for H.264, AAC, MP3 and older codecs, with the first of several tracks and without data. */
export class FlvInput implements InputMuxer {
  readonly #format: FlvFormat;

  constructor(audio: boolean, video: boolean) {
    this.#format = new FlvFormat({ enhanced: false, audio, video });
  }

  takes(kind: PacketKind, track: number): boolean {
    if (kind === PacketKind.Data || track !== 0) return false;
    return kind === PacketKind.Video ? this.#format.video : this.#format.audio;
  }

  begin(headers: readonly Packet[], time: number): Uint8Array {
    const head = flvHeader(this.#format.audio, this.#format.video);
    const body = this.headers(headers, time);
    const whole = new Uint8Array(head.length + body.length);
    whole.set(head);
    whole.set(body, head.length);
    return whole;
  }

  headers(headers: readonly Packet[], time: number): Uint8Array {
    return this.#format.prefix(headers, time);
  }

  packets(packets: readonly Packet[]): Uint8Array {
    return this.#format.encode(
      { cursor: (from, to) => new PacketListCursor(packets.slice(from, to)) },
      0,
      packets.length,
    );
  }
}

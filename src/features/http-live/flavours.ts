import { type BodyFraming, framed } from "../../http/framing.ts";
import type { WireFormat } from "../../live/readers/format.ts";
import type { Stream } from "../../live/stream.ts";
import { AacFormat, aacRefusal } from "../../media/aac-format.ts";
import { FlvFormats } from "../../media/flv-format.ts";
import { flvFileHeader, flvRefusal } from "../../media/flv-header.ts";
import { type ByteFormat, FramedFormats } from "../../media/framed-format.ts";
import { Mp3Format, mp3Refusal } from "../../media/mp3-format.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";
import { tsRefusal } from "../../media/ts/carries.ts";
import { TsFormat } from "../../media/ts/format.ts";
import { TsWithoutSound } from "../../media/ts/without-sound.ts";
import type { Ending, ViewOptions } from "./address.ts";

/** One way of sending a stream to viewers. */
export interface Flavour {
  /** For people. */
  readonly name: string;
  /** Content-Type. */
  readonly type: string;
  readonly format: ByteFormat;
  /** The bytes before all others, made once for each viewer from the stream's headers at its start point. */
  opening(headers: readonly Packet[]): Uint8Array;
  /** Why the stream can't be sent in this flavour, by its headers, and by frames of kinds without one; undefined if no reason is known. */
  refusal(described: readonly Packet[]): string | undefined;
}

/** The formats that have a state for each stream. */
interface StreamFormats {
  readonly ts: TsFormat;
  /** Made when it is first needed. */
  silentTs: TsWithoutSound | undefined;
  readonly aac: AacFormat;
}

const NOTHING_LEFT = "audio=0 and video=0 leave nothing of the stream";
const NOTHING = new Uint8Array(0);
const noOpening = () => NOTHING;

/** Hands out one format object for each stream, flavour and framing, so that viewers with the same ones share their bytes. */
export class Flavours {
  readonly #flv = new FlvFormats();
  readonly #mp3 = new Mp3Format();
  readonly #byStream = new WeakMap<Stream, StreamFormats>();
  readonly #framed = new FramedFormats<BodyFraming>(framed);

  /** The flavour of `stream` for the ending and the options of a request. */
  of(stream: Stream, ending: Ending, options: ViewOptions): Flavour {
    const flavour = this.#of(stream, ending, options);
    return flavour.format.audio || flavour.format.video ? flavour : { ...flavour, refusal: () => NOTHING_LEFT };
  }

  #of(stream: Stream, ending: Ending, options: ViewOptions): Flavour {
    switch (ending) {
      case "flv": {
        const format = this.#flv.get(options);
        return {
          name: "FLV",
          type: "video/x-flv",
          format,
          opening: (headers) => flvFileHeader(format, headers),
          refusal: (headers) => flvRefusal(format, headers),
        };
      }
      case "ts":
        return this.#tsOf(stream, options);
      case "aac": {
        const format = this.#formatsOf(stream).aac;
        return { name: "AAC", type: "audio/aac", format, opening: noOpening, refusal: aacRefusal };
      }
      case "mp3":
        return { name: "MP3", type: "audio/mpeg", format: this.#mp3, opening: noOpening, refusal: mp3Refusal };
    }
  }

  /** The format of a flavour in the framing of a body. */
  framed({ format }: Flavour, framing: BodyFraming): WireFormat {
    return this.#framed.get(format, framing);
  }

  #tsOf(stream: Stream, { audio, video }: ViewOptions): Flavour {
    const formats = this.#formatsOf(stream);
    if (!audio) formats.silentTs ??= TsWithoutSound.of();
    const both = audio ? formats.ts : (formats.silentTs ?? formats.ts);
    const wants = (kind: PacketKind) => (kind === PacketKind.Audio ? audio : kind === PacketKind.Video && video);
    return {
      name: "MPEG-TS",
      type: "video/mp2t",
      format: video ? both : both.withoutVideo,
      opening: noOpening,
      refusal: (headers) =>
        tsRefusal(
          headers.filter(({ kind }) => wants(kind)),
          stream.corrections.of("reordered") > 0,
        ),
    };
  }

  #formatsOf(stream: Stream): StreamFormats {
    let formats = this.#byStream.get(stream);
    if (formats === undefined) {
      formats = { ts: TsFormat.of(), silentTs: undefined, aac: new AacFormat() };
      this.#byStream.set(stream, formats);
    }
    return formats;
  }
}

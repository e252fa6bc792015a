import { readAudioSpecificConfig } from "./aac.ts";
import { Codec } from "./codec.ts";
import { Content, FrameReader } from "./frame.ts";
import { type Packet, PacketKind } from "./packet.ts";
import type { PictureInfo } from "./sps.ts";
import { readVideoConfig } from "./video-config.ts";

/** What a playlist says of a stream. */
export interface StreamCodecs {
  /** RFC 6381 names, video first; a codec that has no sequence header is known by its frames only. */
  readonly codecs: readonly string[];
  readonly picture: PictureInfo | undefined;
}

/**
 * Reads headers, and frames of what has none (MP3), of track 0. What is not H.264, HEVC, AAC or MP3 is left out. Throws
 * `ProtocolError` for a video configuration that is broken.
 */
export function streamCodecs(packets: readonly Packet[]): StreamCodecs {
  const frame = new FrameReader();
  let video: string | undefined;
  let audio: string | undefined;
  let picture: PictureInfo | undefined;
  for (const { kind, payload } of packets) {
    frame.read(kind, payload);
    const { codec, content } = frame;
    const bytes = payload.subarray(frame.start, frame.end);
    if (kind === PacketKind.Video) {
      if (content !== Content.Header || (codec !== Codec.H264 && codec !== Codec.Hevc)) continue;
      const config = readVideoConfig(codec, bytes);
      video = config.codecs;
      picture = config.picture;
    } else if (content === Content.Header && codec === Codec.Aac) audio = aacCodec(bytes) ?? audio;
    else if (codec === Codec.Mp3 || codec === Codec.Mp3At8kHz) audio = "mp4a.40.34";
  }
  return { codecs: [video, audio].filter((name) => name !== undefined), picture };
}

function aacCodec(bytes: Uint8Array): string | undefined {
  const config = readAudioSpecificConfig(bytes);
  if (config === undefined) return undefined;
  if (config.ps) return "mp4a.40.29";
  return `mp4a.40.${config.sbr ? 5 : config.objectType}`;
}

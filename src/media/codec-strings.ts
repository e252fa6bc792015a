import { type Packet, PacketKind } from "./packet.ts";
import type { PictureInfo } from "./sps.ts";
import { streamTracks } from "./stream-tracks.ts";

/** The codecs and channels of a stream, as a playlist names them. */
export interface StreamCodecs {
  /** RFC 6381 names, video first; a codec that has no sequence header is known by its frames only. */
  readonly codecs: readonly string[];
  readonly picture: PictureInfo | undefined;
  /** Audio channels; undefined if there is no audio, or if its configuration does not say. */
  readonly channels: number | undefined;
}

/** Reads headers and frames of track 0, as `streamTracks` does. Tracks without a configuration that can be read are left out. */
export function streamCodecs(packets: readonly Packet[]): StreamCodecs {
  const codecs: string[] = [];
  let picture: PictureInfo | undefined;
  let channels: number | undefined;
  for (const { id, config } of streamTracks(packets)) {
    if (id !== 0 || typeof config === "string") continue;
    codecs.push(config.codecs);
    if (config.kind === PacketKind.Video) picture = config.picture;
    else channels = config.channels;
  }
  return { codecs, picture, channels };
}

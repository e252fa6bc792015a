import { type Packet, PacketKind } from "../packet.ts";
import { type StreamTrack, streamTracks } from "../stream-tracks.ts";
import { isKnownCodec, type TrackConfig } from "../track-config.ts";
import { audioSampleEntry, videoSampleEntry } from "./sample-entries.ts";

/** Ticks of a video track in a second; audio counts in its samples. */
const VIDEO_TIMESCALE = 90000;

/** A track as MP4 describes it. Tracks with equal sample entries have equal init segments. */
export interface Mp4Track {
  readonly kind: PacketKind;
  /** Track id of enhanced RTMP; 0 where messages name no track. */
  readonly id: number;
  /** As `StreamTrack.codec`. */
  readonly codec: number;
  /** For CODECS of a playlist (RFC 6381). */
  readonly codecs: string;
  /** Ticks in a second. */
  readonly timescale: number;
  readonly config: TrackConfig;
  /** The entry of stsd. */
  readonly sampleEntry: Uint8Array;
}

/**
 * The tracks of a stream that MP4 can carry, video first. Takes headers, and frames of codecs without a header (MP3, AC-3, E-AC-3) or
 * without the size of pictures in it (VP9). `mp4Refusal` gives the reason for a track that MP4 can't carry.
 */
export function mp4Tracks(packets: readonly Packet[]): Mp4Track[] {
  return streamTracks(packets).flatMap(mp4Track);
}

function mp4Track({ kind, id, codec, config }: StreamTrack): Mp4Track[] {
  if (typeof config === "string") return [];
  const isVideo = config.kind === PacketKind.Video;
  const sampleEntry = isVideo ? videoSampleEntry(codec, config) : audioSampleEntry(codec, config);
  const timescale = isVideo ? VIDEO_TIMESCALE : config.sampleRate;
  return [{ kind, id, codec, codecs: config.codecs, timescale, config, sampleEntry }];
}

/**
 * Why MP4 can't carry the main tracks of a stream (0), in words; undefined when it can. Takes what `mp4Tracks` takes, and gives the reason
 * of the first such track. A track whose header or first frame has not come yet is left out while there is another.
 * `reordered`: the video is stamped by presentation times (`Timeline.reordered`), so its SPS must give the order of decoding.
 */
export function mp4Refusal(packets: readonly Packet[], reordered = false): string | undefined {
  const main = streamTracks(packets).filter(({ id }) => id === 0);
  const some = main.some(({ config }) => typeof config !== "string");
  for (const { kind, codec, config, hasHeader } of main) {
    if (typeof config === "string") {
      if (!some || hasHeader || !isKnownCodec(kind, codec)) return `MP4 can't be made: ${config}`;
    } else if (reordered && config.kind === PacketKind.Video && !config.picture.reorderDepth)
      return "MP4 needs decoding times: the video is stamped by presentation times, and its SPS does not tell how far it is reordered";
  }
  return undefined;
}

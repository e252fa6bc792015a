import { decodeAmf0, encodeAmf0 } from "../../amf/amf0.ts";
import { AmfObject, type AmfValue } from "../../amf/value.ts";
import { ProtocolError } from "../../base/errors.ts";
import { METADATA_NAME } from "../../media/data.ts";

/** Keys of onMetaData (FLV 10.1 E.5) about one track. */
const ofTrack = {
  video: new Set(["width", "height", "framerate", "videocodecid", "videodatarate"]),
  audio: new Set(["audiocodecid", "audiodatarate", "audiosamplerate", "audiosamplesize", "audiochannels", "stereo"]),
} as const;
/** Keys that depend on the set of tracks, or that apply to files only. */
const neither = new Set(["hasVideo", "hasAudio", "duration", "filesize", "keyframes"]);

type Values = ReadonlyMap<string, AmfValue>;

/** The values of a metadata message; undefined if it has none. */
export function metadataValues(payload: Uint8Array): Values | undefined {
  try {
    const object = decodeAmf0(payload).find((value) => value instanceof AmfObject);
    return object === undefined ? undefined : new Map(object.entries);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** The metadata of a result: a track's values from the track's maker (source or FFmpeg), the rest from the source. */
export function resultMetadata(source: Values, video: Values | undefined, audio: Values | undefined): Uint8Array {
  const values = new Map<string, AmfValue>();
  for (const [key, value] of source)
    if (!ofTrack.video.has(key) && !ofTrack.audio.has(key) && !neither.has(key)) values.set(key, value);
  for (const [key, value] of video ?? []) if (ofTrack.video.has(key)) values.set(key, value);
  for (const [key, value] of audio ?? []) if (ofTrack.audio.has(key)) values.set(key, value);
  return encodeAmf0([METADATA_NAME, new AmfObject("ecma-array", undefined, values)]);
}

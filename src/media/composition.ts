// Hot: hasCompositionTime runs once for each video packet.
import {
  byteAt,
  FOURCC_BYTES,
  firstTrack,
  MultitrackType,
  skipModEx,
  trackIdOffset,
  VideoPacketType,
} from "./enhanced.ts";

const VideoCodec = { Avc: 7, Hevc: 12 } as const;
const FRAME = 1;
const LETTER = { a: 0x61, h: 0x68, v: 0x76 } as const;
/** "vc1", how the names avc1, hvc1 and vvc1 end. */
const VC1 = 0x766331;

/**
 * Whether a video frame has a composition time other than 0, so that it is shown later than its timestamp. Reads the first
 * track of a message with several. FLV 10.1 E.4.3.1, Enhanced RTMP v2.
 */
export function hasCompositionTime(payload: Uint8Array): boolean {
  const first = byteAt(payload, 0);
  if ((first & 0x80) !== 0) return enhanced(payload);
  const codec = first & 15;
  if (codec !== VideoCodec.Avc && codec !== VideoCodec.Hevc) return false;
  return payload[1] === FRAME && isNonZero(payload, 2);
}

function enhanced(payload: Uint8Array): boolean {
  const header = skipModEx(payload);
  if (header < 0) return false;
  const at = header >>> 4;
  if ((header & 15) !== VideoPacketType.Multitrack)
    return (
      (header & 15) === VideoPacketType.CodedFrames && isComposed(payload, at) && isNonZero(payload, at + FOURCC_BYTES)
    );
  const type = byteAt(payload, at);
  const multitrackType = type >> 4;
  const track = firstTrack(payload, at);
  const id = trackIdOffset(payload, track, multitrackType);
  if (id < 0 || (type & 15) !== VideoPacketType.CodedFrames) return false;
  const codec = multitrackType === MultitrackType.ManyTracksManyCodecs ? track : at + 1;
  return isComposed(payload, codec) && isNonZero(payload, multitrackType === MultitrackType.OneTrack ? id + 1 : id + 4);
}

/** Whether frames of the codec named there begin with a composition time. */
function isComposed(payload: Uint8Array, at: number): boolean {
  const end = (byteAt(payload, at + 1) << 16) | (byteAt(payload, at + 2) << 8) | byteAt(payload, at + 3);
  const first = byteAt(payload, at);
  return end === VC1 && (first === LETTER.a || first === LETTER.h || first === LETTER.v);
}

/** Whether the 24 bits at a position are not 0. */
function isNonZero(payload: Uint8Array, at: number): boolean {
  return (byteAt(payload, at) | byteAt(payload, at + 1) | byteAt(payload, at + 2)) !== 0;
}

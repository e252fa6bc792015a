// Hot: called for each packet with an enhanced header.

/*
 * Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader:
 *
 *   video  1 frameType:3 packetType:4        audio  1001 packetType:4
 *   while packetType is ModEx:  size-1:8 [if 255: size-1:16] data[size]  modExType:4 packetType:4
 *   single track:               fourCc body
 *   OneTrack:                   type:4 packetType:4  fourCc trackId:8 body
 *   ManyTracks:                 type:4 packetType:4  fourCc (trackId:8 size:24 body[size])*
 *   ManyTracksManyCodecs:       type:4 packetType:4  (fourCc trackId:8 size:24 body[size])*
 */

/** Packet types of video. */
export const VideoPacketType = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  CodedFramesX: 3,
  Metadata: 4,
  Mpeg2TsSequenceStart: 5,
  Multitrack: 6,
} as const;

/** Packet types of audio. */
export const AudioPacketType = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  MultichannelConfig: 4,
  Multitrack: 5,
} as const;

/** FourCCs of the codecs that are told apart here, as big-endian numbers. */
export const FourCc = {
  Avc1: 0x61766331,
  Hvc1: 0x68766331,
  Av01: 0x61763031,
  Vp09: 0x76703039,
  Mp4a: 0x6d703461,
  Mp3: 0x2e6d7033,
  Opus: 0x4f707573,
  Flac: 0x664c6143,
  Ac3: 0x61632d33,
  Eac3: 0x65632d33,
} as const;

/** How many tracks a multitrack message holds, and where their codecs are named. */
export const MultitrackType = { OneTrack: 0, ManyTracks: 1, ManyTracksManyCodecs: 2 } as const;

/** Track ids have eight bits: a longer list repeats ids, and the rest of it is ignored. */
export const MAX_TRACKS = 256;

/** Bytes of a codec's name. */
export const FOURCC_BYTES = 4;

const MOD_EX = 7;
/** Maximum number of ModEx prefixes: one type is defined (the nanosecond offset), more than this are an attack. */
const MAX_MOD_EX = 16;

/**
 * The packet type behind any ModEx prefixes, as `offset << 4 | packetType` with the offset just after it.
 * -1 when the payload ends before, or has more than `MAX_MOD_EX` prefixes. The payload is [start, end) of `payload`.
 */
export function skipModEx(payload: Uint8Array, start = 0, end = payload.length): number {
  let type = byteAt(payload, start) & 15;
  let at = start + 1;
  for (let count = 0; type === MOD_EX; count++) {
    if (count === MAX_MOD_EX || at + 3 > end) return -1;
    let size = byteAt(payload, at) + 1;
    at++;
    if (size === 256) {
      size = ((byteAt(payload, at) << 8) | byteAt(payload, at + 1)) + 1;
      at += 2;
    }
    at += size;
    if (at >= end) return -1;
    type = byteAt(payload, at) & 15;
    at++;
  }
  return (at << 4) | type;
}

/** Where the first track begins, with `at` on the multitrack type's byte. */
export function firstTrack(payload: Uint8Array, at: number): number {
  return byteAt(payload, at) >> 4 === MultitrackType.ManyTracksManyCodecs ? at + 1 : at + 1 + FOURCC_BYTES;
}

/** Where the id of the track that begins at `at` is; -1 when its header is not all there, before `end`. */
export function trackIdOffset(payload: Uint8Array, at: number, multitrackType: number, end = payload.length): number {
  const id = multitrackType === MultitrackType.ManyTracksManyCodecs ? at + FOURCC_BYTES : at;
  const headerEnd = multitrackType === MultitrackType.OneTrack ? id + 1 : id + 4;
  return headerEnd <= end && multitrackType <= MultitrackType.ManyTracksManyCodecs ? id : -1;
}

/** Where the next track begins, which may be the payload's end or past it. `id` is from `trackIdOffset`. */
export function nextTrack(payload: Uint8Array, id: number, multitrackType: number, end = payload.length): number {
  if (multitrackType === MultitrackType.OneTrack) return end;
  return id + 4 + ((byteAt(payload, id + 1) << 16) | (byteAt(payload, id + 2) << 8) | byteAt(payload, id + 3));
}

/** The codec's name at an offset, as a big-endian number. */
export function fourCcAt(payload: Uint8Array, at: number): number {
  const low = (byteAt(payload, at + 1) << 16) | (byteAt(payload, at + 2) << 8) | byteAt(payload, at + 3);
  return byteAt(payload, at) * 2 ** 24 + low;
}

/** The byte at an offset; 0 past the end. */
export function byteAt(payload: Uint8Array, at: number): number {
  return payload[at] ?? 0;
}

// Hot: read runs for each packet with an enhanced header that a format takes apart.
import {
  AudioPacketType,
  byteAt,
  FOURCC_BYTES,
  firstTrack,
  fourCcAt,
  MAX_TRACKS,
  MultitrackType,
  nextTrack,
  skipModEx,
  trackIdOffset,
  VideoPacketType,
} from "./enhanced.ts";
import { PacketKind } from "./packet.ts";

const VIDEO_COMMAND = 5;

/** One track of an audio or video payload with an enhanced header. One object serves all packets: `read` sets every field. */
export class TrackBody {
  /** The codec's name as a number. */
  fourCc = 0;
  packetType = 0;
  /** Of video. */
  frameType = 0;
  /** The body behind the codec's name is [start, end) of the bytes: with a composition time where the packet type has one. */
  start = 0;
  end = 0;
  /** The payload has no ModEx prefix and no other tracks: the fields above describe all of it. */
  bare = false;

  /**
   * Takes the payload in [start, end) of `bytes`, not empty; false when it is a command, cut off, or without the track. A payload that
   * names no track is of track 0. Enhanced RTMP v2.
   */
  read(kind: PacketKind, bytes: Uint8Array, start: number, end: number, track = 0): boolean {
    const video = kind === PacketKind.Video;
    this.frameType = video ? (byteAt(bytes, start) >> 4) & 7 : 0;
    const header = skipModEx(bytes, start, end);
    if (header < 0 || this.frameType === VIDEO_COMMAND) return false;
    const at = header >>> 4;
    if (at + FOURCC_BYTES > end) return false;
    this.packetType = header & 15;
    if (this.packetType === (video ? VideoPacketType.Multitrack : AudioPacketType.Multitrack))
      return this.#unwrap(bytes, at, end, track);
    if (track !== 0) return false;
    this.bare = at === start + 1;
    this.fourCc = fourCcAt(bytes, at);
    this.start = at + FOURCC_BYTES;
    this.end = end;
    return true;
  }

  #unwrap(bytes: Uint8Array, at: number, end: number, wanted: number): boolean {
    const type = byteAt(bytes, at) >> 4;
    let track = firstTrack(bytes, at);
    for (let count = 0; count < MAX_TRACKS; count++) {
      const id = trackIdOffset(bytes, track, type, end);
      if (id < 0) return false;
      const next = nextTrack(bytes, id, type, end);
      if (byteAt(bytes, id) !== wanted) {
        track = next;
        continue;
      }
      this.bare = false;
      this.packetType = byteAt(bytes, at) & 15;
      this.fourCc = fourCcAt(bytes, type === MultitrackType.ManyTracksManyCodecs ? track : at + 1);
      this.start = type === MultitrackType.OneTrack ? id + 1 : id + 4;
      this.end = next;
      return next <= end;
    }
    return false;
  }
}

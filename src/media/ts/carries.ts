import { ProtocolError } from "../../base/errors.ts";
import { codecName } from "../codec.ts";
import { Content, FrameReader } from "../frame.ts";
import { type Packet, PacketKind } from "../packet.ts";
import { readVideoConfig } from "../video-config.ts";
import { StreamType } from "./psi.ts";
import { audioStreamType, readAacConfig, videoStreamType } from "./tracks.ts";

/**
 * The reason why MPEG-TS can't carry a stream; undefined when it can. Takes headers, and frames of tracks without a header.
 * `reordered`: the video is stamped by presentation times (`Timeline.reordered`), so its SPS must give the order of decoding.
 */
export function tsRefusal(packets: readonly Packet[], reordered: boolean): string | undefined {
  const frame = new FrameReader();
  for (const { kind, payload } of packets) {
    frame.read(kind, payload);
    if (frame.content === Content.None) continue;
    const streamType = kind === PacketKind.Video ? videoStreamType(frame.codec) : audioStreamType(frame.codec);
    if (streamType === StreamType.None)
      return `MPEG-TS here carries H.264, HEVC, AAC and MP3, not ${codecName(kind, payload)}`;
    if (frame.content !== Content.Header) continue;
    const record = payload.subarray(frame.start, frame.end);
    try {
      if (kind === PacketKind.Audio) readAacConfig(record);
      else if (!readVideoConfig(frame.codec, record).picture?.reorderDepth && reordered)
        return "MPEG-TS needs decoding times: the video is stamped by presentation times, and its SPS does not tell how far it is reordered";
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return `MPEG-TS can't be made: ${error.message}`;
    }
  }
  return undefined;
}

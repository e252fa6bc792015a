// Hot: pick runs for each audio packet that names its tracks, once for each track that is cut.
import { classify } from "./classify.ts";
import { AudioPacketType, byteAt, FOURCC_BYTES, skipModEx } from "./enhanced.ts";
import { Packet, PacketKind } from "./packet.ts";
import { TrackBody } from "./track-body.ts";

const ENHANCED = 0x90;
const body = new TrackBody();

/** Whether an audio payload is a multitrack message, which names its tracks. Enhanced RTMP v2. */
export function namesAudioTracks(payload: Uint8Array): boolean {
  if ((byteAt(payload, 0) & 0xf0) !== ENHANCED) return false;
  const header = skipModEx(payload);
  return header >= 0 && (header & 15) === AudioPacketType.Multitrack;
}

/**
 * One track of an audio packet, as track 0 of a message that names no track: the packet itself if it is such a message already, else a copy
 * of the track's bytes. Undefined when the packet does not have the track. Enhanced RTMP v2.
 */
export function audioTrack(packet: Packet, track: number): Packet | undefined {
  const { payload, time } = packet;
  if (packet.kind !== PacketKind.Audio) return undefined;
  if (!namesAudioTracks(payload)) return track === 0 ? packet : undefined;
  if (!body.read(PacketKind.Audio, payload, 0, payload.length, track)) return undefined;
  const { fourCc, packetType, start, end } = body;
  const alone = new Uint8Array(1 + FOURCC_BYTES + end - start);
  alone[0] = ENHANCED | packetType;
  new DataView(alone.buffer).setUint32(1, fourCc);
  alone.set(payload.subarray(start, end), 1 + FOURCC_BYTES);
  return new Packet(PacketKind.Audio, time, alone, classify(PacketKind.Audio, alone) & 0xff, 0);
}

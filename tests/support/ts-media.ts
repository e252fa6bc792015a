import { classify } from "../../src/media/classify.ts";
import { Packet, PacketKind } from "../../src/media/packet.ts";
import { concat, fromHex } from "./bytes.ts";

/** A packet as `live` makes it of a payload. */
export function packetOf(kind: PacketKind, time: number, payload: Uint8Array): Packet {
  const found = classify(kind, payload);
  return new Packet(kind, time, payload, found & 0xff, found >>> 8);
}

/** x264's parameter sets for 320x180 with two B-frames: High, level 1.2, 25 pictures a second, a reorder depth of 2. */
export const h264Sps = fromHex("6764000cacd941419f9f0110000003001000000303 20f1429960");
/** See `h264Sps`. */
export const h264Pps = fromHex("68eae3cb22c0");

/** AVCDecoderConfigurationRecord with these parameter sets. */
export function avcRecord(sps: readonly Uint8Array[], pps: readonly Uint8Array[], lengthBytes = 4): Uint8Array {
  const sets = (list: readonly Uint8Array[]) =>
    list.flatMap((set) => [Uint8Array.of(set.length >> 8, set.length), set]);
  const [, profile = 0, constraints = 0, level = 0] = sps[0] ?? [];
  return concat([
    Uint8Array.of(1, profile, constraints, level, 0xfc | (lengthBytes - 1), 0xe0 | sps.length),
    ...sets(sps),
    Uint8Array.of(pps.length),
    ...sets(pps),
  ]);
}

/** An H.264 sequence header as an FLV tag has it. */
export function avcHeader(record = avcRecord([h264Sps], [h264Pps])): Packet {
  return packetOf(PacketKind.Video, 0, concat([fromHex("1700000000"), record]));
}

/** NAL units, each behind its length. */
export function sized(units: readonly Uint8Array[], lengthBytes = 4): Uint8Array {
  return concat(
    units.flatMap((unit) => [
      Uint8Array.from({ length: lengthBytes }, (_, i) => Math.floor(unit.length / 256 ** (lengthBytes - 1 - i))),
      unit,
    ]),
  );
}

/** An H.264 frame of these NAL units. */
export function avcFrame(
  time: number,
  composition: number,
  key: boolean,
  units: readonly Uint8Array[],
  lengthBytes = 4,
): Packet {
  const head = Uint8Array.of(key ? 0x17 : 0x27, 1, composition >> 16, composition >> 8, composition);
  return packetOf(PacketKind.Video, time, concat([head, sized(units, lengthBytes)]));
}

/** A NAL unit of so many bytes that begins with its type, without start codes in it. */
export function unit(type: number, bytes: number, filling = 0xab): Uint8Array {
  const nal = new Uint8Array(bytes).fill(filling);
  nal[0] = type;
  return nal;
}

/** AAC LC, 44.1 kHz, stereo. */
export const aacHeader = packetOf(PacketKind.Audio, 0, fromHex("af001210"));

/** An AAC frame with these bytes. */
export function aacFrame(time: number, frame: Uint8Array): Packet {
  return packetOf(PacketKind.Audio, time, concat([Uint8Array.of(0xaf, 1), frame]));
}

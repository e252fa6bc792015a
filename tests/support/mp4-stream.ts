import { FrameReader } from "../../src/media/frame.ts";
import { type Following, type Fragment, FragmentWriter } from "../../src/media/mp4/fragment.ts";
import type { Mp4Track } from "../../src/media/mp4/tracks.ts";
import { type Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { PacketListCursor } from "../../src/media/packet-cursor.ts";
import { concat, toHex } from "./bytes.ts";
import { type ParsedSample, parseFragments } from "./mp4-parser.ts";

/** A sample as its packet tells it, or as a file does: times of video in ms, of audio in ticks. */
export interface Sample {
  readonly dts: number;
  readonly pts: number;
  readonly flags: number;
  readonly hex: string;
}

/** sample_flags of ISO 14496-12, 8.8.3.1. */
export const KEY_FLAGS = 0x02000000;
const OTHER_FLAGS = 0x01010000;
const DISPOSABLE_FLAGS = 0x01810000;

/** A fragment of a list of packets. */
export function write(
  writer: FragmentWriter,
  packets: readonly Packet[],
  sequence = 1,
  following?: Following,
): Fragment {
  return writer.write(new PacketListCursor(packets), sequence, following);
}

/** Fragments of parts that follow each other, each told of the packets behind it. */
export function writeParts(tracks: readonly Mp4Track[], parts: readonly (readonly Packet[])[], origin = 0): Uint8Array {
  const writer = new FragmentWriter(tracks, origin);
  const made = parts.map((part, at) => write(writer, part, at + 1, { next: parts.slice(at + 1).flat() }).bytes);
  return concat(made);
}

/** The samples of one track of a file's fragments. */
export function samplesOf(bytes: Uint8Array, track: number): ParsedSample[] {
  return parseFragments(bytes).flatMap(({ samples }) => samples.filter((sample) => sample.track === track));
}

/** What packets say of their video, from `origin` on. */
export function videoSent(packets: readonly Packet[], origin = 0): Sample[] {
  const frame = new FrameReader();
  return packets.flatMap(({ kind, time, payload, flags }) => {
    if (kind !== PacketKind.Video) return [];
    frame.read(kind, payload);
    const { composition, start, end } = frame;
    const other = (flags & PacketFlag.Disposable) !== 0 ? DISPOSABLE_FLAGS : OTHER_FLAGS;
    const own = (flags & PacketFlag.Key) !== 0 ? KEY_FLAGS : other;
    const dts = time - origin;
    return [{ dts, pts: dts + composition, flags: own, hex: toHex(payload.subarray(start, end)) }];
  });
}

/** The samples of a file's video, in ms. */
export function videoMade(samples: readonly ParsedSample[]): Sample[] {
  return samples.map(({ dts, offset, flags, data }) => {
    return { dts: dts / 90, pts: (dts + offset) / 90, flags, hex: toHex(data) };
  });
}

/** Whether each sample begins where the one before ended. */
export function isContiguous(samples: readonly ParsedSample[]): boolean {
  return samples.every(({ dts }, i) => {
    const before = samples[i - 1];
    return before === undefined || before.dts + before.duration === dts;
  });
}

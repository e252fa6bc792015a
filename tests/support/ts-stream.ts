import type { Packet } from "../../src/media/packet.ts";
import { between } from "./random.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, h264Pps, h264Sps, unit } from "./ts-media.ts";

/** A stream of H.264 with B-frames, AAC or both, with its headers apart. */
export interface TestStream {
  readonly headers: readonly Packet[];
  /** In order of time; each GOP begins with a key frame. */
  readonly packets: readonly Packet[];
}

/** What a random stream has. */
export interface StreamShape {
  readonly video: boolean;
  readonly audio: boolean;
  readonly frames: number;
  /** Between key frames. */
  readonly gop?: number;
  /** Of a video frame at most. */
  readonly bytes?: number;
  readonly from?: number;
}

/** 25 pictures a second in groups of a P and two B frames, AAC of 44.1 kHz. */
export function testStream(random: () => number, shape: StreamShape): TestStream {
  const { video, audio, frames, gop = 12, bytes = 2000, from = 0 } = shape;
  const packets: Packet[] = [];
  for (let frame = 0; frame < frames && video; frame++) {
    const key = frame % gop === 0;
    const place = frame % gop;
    // Decoded as I P B B P B B, shown as I B B P B B P.
    const shown = key ? frame : frame + (place % 3 === 1 ? 2 : -1);
    const units = [unit(key ? 5 : 1, between(random, 1, bytes), between(random, 4, 250))];
    if (between(random, 0, 3) === 0) units.unshift(unit(6, between(random, 2, 40)));
    if (key && between(random, 0, 3) === 0) units.unshift(h264Sps, h264Pps);
    packets.push(avcFrame(from + frame * 40, (shown - frame + 1) * 40, key, units));
  }
  for (let frame = 0; audio && (frame * 1024) / 44.1 < frames * 40; frame++)
    packets.push(aacFrame(from + Math.round((frame * 1024) / 44.1), unit(0x21, between(random, 1, 500))));
  const order = new Map(packets.map((packet, index) => [packet, index]));
  packets.sort((a, b) => a.time - b.time || (order.get(a) ?? 0) - (order.get(b) ?? 0));
  return { headers: [...(audio ? [aacHeader] : []), ...(video ? [avcHeader()] : [])], packets };
}

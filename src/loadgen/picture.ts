/*
 * A grey picture of 160 × 96 that any H.264 decoder shows, in as few bytes as possible: Baseline, one reference. A key frame is
 * 60 macroblocks predicted from nothing (DC, 128) without residual, 8 bits each; every other frame skips all 60.
 */

const WIDTH = 160;
const HEIGHT = 96;
const MACROBLOCKS = (WIDTH / 16) * (HEIGHT / 16);
const FRAME_NUMBERS = 16;

const BASELINE = 66;
/** The picture needs a far lower level, but the level must permit a high bitrate. */
const LEVEL = 40;

// ITU-T H.264, 7.3.2.1.1: ids, frame_num of 4 bits, order type 2 (output in decoding order), one reference, size.
const sps = nal(0x67, [
  u(BASELINE, 8) + u(0xc0, 8) + u(LEVEL, 8),
  ue(0) + ue(0) + ue(2) + ue(1) + u(0, 1),
  ue(WIDTH / 16 - 1) + ue(HEIGHT / 16 - 1) + u(1, 1) + u(1, 1) + u(0, 1) + u(0, 1),
]);
// 7.3.2.2: CAVLC, one slice group, no weights, QP 26, none of the optional tools.
const pps = nal(0x68, [ue(0) + ue(0) + u(0, 2) + ue(0) + ue(0) + ue(0) + u(0, 3) + ue(0) + ue(0) + ue(0) + u(0, 3)]);

/** AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1). */
export const avcConfiguration = Uint8Array.from([
  ...[1, BASELINE, 0xc0, LEVEL, 0xff],
  ...[0xe1, 0, sps.length, ...sps],
  ...[1, 0, pps.length, ...pps],
]);

/** Width and height, pixels. */
export const pictureSize = { width: WIDTH, height: HEIGHT } as const;

/** The slice of a key frame: NAL unit of type 5. 7.3.3, I_16x16_2_0_0 with DC prediction for each macroblock. */
export const keySlice = nal(0x65, [
  ue(0) + ue(7) + ue(0) + u(0, 4) + ue(0) + u(0, 2) + ue(0),
  (ue(3) + ue(0) + ue(0) + u(1, 1)).repeat(MACROBLOCKS),
]);

/** The slices of other frames: NAL units of type 1, all of one length, by the number of frames since the key frame. */
export const deltaSlices: readonly Uint8Array[] = Array.from({ length: FRAME_NUMBERS }, (_, frame) =>
  nal(0x41, [ue(0) + ue(5) + ue(0) + u(frame, 4) + u(0, 3) + ue(0) + ue(MACROBLOCKS)]),
);

/** AudioSpecificConfig (ISO 14496-3, 1.6.2.1): AAC LC, 32 kHz, mono. */
export const aacConfiguration = Uint8Array.of(0x12, 0x88);

/** Duration of one AAC frame: 1024 samples at 32 kHz, a whole number of milliseconds. */
export const aacFrameMs = 32;
/** Minimum and maximum size of a frame with one fill element. */
export const aacFrameSizes = { least: 21, most: 275 } as const;

/** A frame of silence of `size` bytes (ISO 14496-3, 4.4.2.1): an empty channel element, then a fill element for the rest. */
export function silence(size: number): Uint8Array {
  const fill = size - 6;
  // id, tag, gain, ics_info with max_sfb 0; no pulse, no noise shaping, no gain control.
  const channel = u(0, 3 + 4 + 8 + 11 + 3);
  return toBytes(`${channel}${u(6, 3)}${u(15, 4)}${u(fill - 14, 8)}${u(0, 8).repeat(fill)}${u(7, 3)}`);
}

/** A NAL unit with its trailing bits (7.3.2.11). The units here need no emulation prevention bytes, which a test checks. */
function nal(header: number, parts: readonly string[]): Uint8Array {
  return Uint8Array.of(header, ...toBytes(`${parts.join("")}1`));
}

function u(value: number, bits: number): string {
  return value.toString(2).padStart(bits, "0");
}

/** Exp-Golomb code (9.1). Signed values are always 0 here, whose code is the same. */
function ue(value: number): string {
  const code = (value + 1).toString(2);
  return "0".repeat(code.length - 1) + code;
}

function toBytes(bits: string): Uint8Array {
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

import { fromHex, toHex } from "../bytes.ts";
import type { Received } from "./client.ts";

/** An AVC sequence header, as FFmpeg writes one for 320x180. */
export const avcHeader = fromHex(
  "17 00 000000 01 42c01e ff e1 0018 6742c01eda0280bfe5c0440000030004000003 00c83c58ba 01 0004 68ce0fc8",
);
/** An AudioSpecificConfig: AAC-LC, 44.1 kHz, mono. */
export const aacHeader = fromHex("af 00 1208");

/** An AVC frame whose data begins with a number, so that a player can tell which one it got. */
export function avcFrame(key: boolean, number: number, size = 200): Uint8Array {
  return numbered(fromHex(key ? "17 01 000000" : "27 01 000000"), number, size);
}

/** An AAC frame with a number, likewise. */
export function aacFrame(number: number, size = 60): Uint8Array {
  return numbered(fromHex("af 01"), number, size);
}

/** A frame of any kind with the same filling: head, number, then bytes that depend on it. */
export function numbered(head: Uint8Array, number: number, size: number): Uint8Array {
  const payload = new Uint8Array(Math.max(size, head.length + 4));
  payload.set(head);
  new DataView(payload.buffer).setUint32(head.length, number);
  for (let at = head.length + 4; at < payload.length; at++) payload[at] = (number * 31 + at * 7) & 0xff;
  return payload;
}

/** The number of an `avcFrame`; undefined for what is none. */
export function frameNumber(payload: Uint8Array): number | undefined {
  if (payload.length < 9 || payload[1] !== 1 || (payload[0] ?? 0) === 0xaf) return undefined;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(5);
}

/** Whether a message is a legacy key frame with a picture in it. */
export function isKeyFrame({ type, payload }: Received): boolean {
  return type === 9 && payload[0] === 0x17 && payload[1] === 1;
}

/** A message as one comparable line; long payloads by their hash. */
export function messageLine({ type, timestamp, payload }: Omit<Received, "streamId">): string {
  const data = payload.length <= 64 ? toHex(payload) : Bun.hash(payload).toString(16);
  return `${type} at ${timestamp}: ${payload.length} ${data}`;
}

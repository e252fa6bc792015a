// Hot: isSilentFrame runs for each audio frame of the players whose every byte is compared.
import { aacFrameSizes, silence } from "./picture.ts";

/** Codec, rate and channels; a raw frame follows (FLV 10.1, E.4.2). */
const TAG_HEADER = [0xaf, 1] as const;

/** The AAC tag body of a silent frame of about `bytes` bytes. */
export function silentFrame(bytes: number): Uint8Array {
  const size = Math.min(aacFrameSizes.most, Math.max(aacFrameSizes.least, bytes));
  return Uint8Array.from([...TAG_HEADER, ...silence(size)]);
}

/** The frame compared last: all frames of a stream are equal. */
let known = silentFrame(0);

/** Whether `payload` is a frame that silentFrame makes. */
export function isSilentFrame(payload: Uint8Array): boolean {
  if (payload.length !== known.length) known = silentFrame(payload.length - TAG_HEADER.length);
  if (payload.length !== known.length) return false;
  for (let at = 0; at < known.length; at++) if (payload[at] !== known[at]) return false;
  return true;
}

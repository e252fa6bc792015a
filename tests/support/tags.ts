import { MessageType } from "../../src/rtmp/messages.ts";
import { fromHex } from "./bytes.ts";
import { message } from "./session.ts";

const TYPES = {
  audio: MessageType.Audio,
  video: MessageType.Video,
  data: MessageType.DataAmf0,
  data3: MessageType.DataAmf3,
  aggregate: MessageType.Aggregate,
} as const;

/** The bytes of a media message with this body, as a client with the first chunk size sends it. */
export function tag(kind: keyof typeof TYPES, streamId: number, timestamp: number, hex: string): Uint8Array {
  return message(TYPES[kind], streamId, fromHex(hex), timestamp);
}

// Hot: one encode for each flush of each stream that is heard as MP3.
import { copyBytes } from "../base/memory.ts";
import { Codec, nameOfCodec, soundCodec } from "./codec.ts";
import { Content, FrameReader } from "./frame.ts";
import { type Packet, PacketKind } from "./packet.ts";
import type { PacketCursor, PacketSource } from "./packet-cursor.ts";

const NOTHING = new Uint8Array(0);

/** MP3 frames as they are, one after the other: players can begin such a file at any frame. */
export class Mp3Format {
  readonly audio = true;
  readonly video = false;
  readonly #body = new FrameReader();

  get withoutVideo(): this {
    return this;
  }

  encode(source: PacketSource, from: number, to: number): Uint8Array {
    const body = this.#body;
    const cursor = source.cursor(from, to);
    let size = 0;
    while (cursor.next()) if (isMp3(cursor, body)) size += body.end - body.start;
    const out = new Uint8Array(size);
    let at = 0;
    cursor.rewind();
    while (cursor.next()) {
      if (!isMp3(cursor, body)) continue;
      copyBytes(out, at, cursor.bytes, body.start, body.end);
      at += body.end - body.start;
    }
    return out;
  }

  prefix(): Uint8Array {
    return NOTHING;
  }
}

/** Reads a packet into `body`; false for a packet without an MP3 frame. */
function isMp3({ kind, bytes, offset, length }: PacketCursor, body: FrameReader): boolean {
  if (kind !== PacketKind.Audio) return false;
  body.read(kind, bytes, offset, offset + length);
  return body.content === Content.Frame && (body.codec === Codec.Mp3 || body.codec === Codec.Mp3At8kHz);
}

/** Why a stream can't be sent as MP3, in words, by its first audio header or frame; undefined when it can be sent, or without either. */
export function mp3Refusal(described: readonly Packet[]): string | undefined {
  const codec = soundCodec(described);
  if (codec === 0 || codec === Codec.Mp3 || codec === Codec.Mp3At8kHz) return undefined;
  return `the sound is ${nameOfCodec(PacketKind.Audio, codec)}, not MP3`;
}

import type { WireFormat } from "../../src/live/readers/format.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { type PacketCursor, PacketListCursor } from "../../src/media/packet-cursor.ts";
import { concat } from "./bytes.ts";

const NEWLINE = 10;

/** Packets as lines, each with its payload behind it: `9 40 5\n01234\n` is 5 bytes of video at 40 ms. Has nothing of RTMP. */
export class TextFormat implements WireFormat {
  readonly audio: boolean;
  readonly video: boolean;
  readonly withoutVideo: WireFormat;

  /** With video when there is another format without it. */
  constructor(audio = true, withoutVideo?: WireFormat) {
    this.audio = audio;
    this.video = withoutVideo !== undefined;
    this.withoutVideo = withoutVideo ?? this;
  }

  encode: WireFormat["encode"] = (log, from, to) => this.#text(log.cursor(from, to));

  prefix: WireFormat["prefix"] = (headers, time) => this.#text(new PacketListCursor(headers), time);

  #text(cursor: PacketCursor, time?: number): Uint8Array {
    const parts: Uint8Array[] = [];
    while (cursor.next()) {
      const { kind, bytes, offset, length } = cursor;
      if (kind === PacketKind.Video ? !this.video : kind === PacketKind.Audio && !this.audio) continue;
      const line = new TextEncoder().encode(`${kind} ${time ?? cursor.time} ${length}\n`);
      parts.push(line, bytes.subarray(offset, offset + length), Uint8Array.of(NEWLINE));
    }
    return concat(parts);
  }
}

/** Reads what a `TextFormat` writes, in any pieces. */
export class TextReader {
  readonly #onPacket: (kind: PacketKind, time: number, payload: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(onPacket: (kind: PacketKind, time: number, payload: Uint8Array) => void) {
    this.#onPacket = onPacket;
  }

  push(bytes: Uint8Array): void {
    this.#rest = concat([this.#rest, bytes]);
    for (;;) {
      const line = this.#rest.indexOf(NEWLINE);
      if (line < 0) return;
      const [kind = 0, time = 0, size = 0] = new TextDecoder()
        .decode(this.#rest.subarray(0, line))
        .split(" ")
        .map(Number);
      const end = line + 1 + size;
      if (this.#rest.length <= end) return;
      const payload = this.#rest.slice(line + 1, end);
      this.#rest = this.#rest.subarray(end + 1);
      this.#onPacket(kind as PacketKind, time, payload);
    }
  }
}

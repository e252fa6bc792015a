import type { WireFormat } from "../../src/live/readers/format.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
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

  encode: WireFormat["encode"] = (log, from, to) =>
    this.#text(Array.from({ length: to - from }, (_, index) => log.at(from + index)));

  prefix: WireFormat["prefix"] = (headers, time) => this.#text(headers, time);

  #text(packets: readonly Packet[], time?: number): Uint8Array {
    const taken = packets.filter(
      ({ kind }) => kind === PacketKind.Data || (kind === PacketKind.Video ? this.video : this.audio),
    );
    const line = (packet: Packet) => `${packet.kind} ${time ?? packet.time} ${packet.payload.length}\n`;
    const bytes = (text: string) => new TextEncoder().encode(text);
    return concat(taken.flatMap((packet) => [bytes(line(packet)), packet.payload, Uint8Array.of(NEWLINE)]));
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

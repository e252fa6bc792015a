// Hot: write runs for each packet of each stream that is cut.
import { Mp4SegmentWriter } from "../../media/mp4/segment.ts";
import { Mp4SegmentParts } from "../../media/mp4/segment-parts.ts";
import { mp4Refusal } from "../../media/mp4/tracks.ts";
import type { Packet } from "../../media/packet.ts";
import type { PacketBuffer } from "../../media/packet-buffer.ts";
import type { OpenParts, OpenWriter, PartPlace, PartsWriter, SegmentContent, SegmentWriter } from "./segment.ts";

/** Sequence numbers reserved for the parts of each segment. */
const PARTS = 1024;
/** mfhd's sequence_number has 32 bits (ISO 14496-12, 8.8.5). */
const SEQUENCES = 2 ** 32;
const NOTHING: SegmentContent = { bytes: undefined, init: undefined };

/** A segment in fragmented MP4 in the making. */
class Mp4Writer implements SegmentWriter {
  readonly #writer: Mp4SegmentWriter;

  constructor(described: readonly Packet[], memory: Uint8Array<ArrayBuffer>) {
    this.#writer = new Mp4SegmentWriter(described, memory);
  }

  get memory(): Uint8Array<ArrayBuffer> {
    return this.#writer.memory;
  }

  get length(): number {
    return this.#writer.length;
  }

  write(packet: Packet, time: number): void {
    this.#writer.add(packet, time);
  }

  mark(): void {
    this.#writer.mark();
  }

  finish(at: "end" | "mark", number: number, next?: Packet): SegmentContent {
    return this.#writer.finish(at, number, next) ?? NOTHING;
  }
}

/** Begins a segment in fragmented MP4. */
export const openMp4Writer: OpenWriter = (described, reordered, memory) =>
  mp4Refusal(described, reordered) ?? new Mp4Writer(described, memory);

/** The parts of a segment in fragmented MP4. */
class Mp4Parts implements PartsWriter {
  readonly #parts: Mp4SegmentParts;

  constructor(described: readonly Packet[]) {
    this.#parts = new Mp4SegmentParts(described);
  }

  get init(): Uint8Array | undefined {
    return this.#parts.init;
  }

  write(packets: PacketBuffer, { number, index, last, next }: PartPlace) {
    return this.#parts.write(packets, (number * PARTS + index) % SEQUENCES, last, next);
  }
}

/** Begins a segment in fragmented MP4 that is made of parts. */
export const openMp4Parts: OpenParts = (described, reordered) =>
  mp4Refusal(described, reordered) ?? new Mp4Parts(described);

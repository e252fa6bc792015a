// Hot: write runs for each packet of each stream that is cut.
import { Mp4SegmentWriter } from "../../media/mp4/segment.ts";
import { mp4Refusal } from "../../media/mp4/tracks.ts";
import type { Packet } from "../../media/packet.ts";
import type { OpenWriter, SegmentContent, SegmentWriter } from "./segment.ts";

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

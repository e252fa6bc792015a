// Hot: write runs for each packet of each stream that is cut.
import { Packet } from "../../media/packet.ts";
import { tsRefusal } from "../../media/ts/carries.ts";
import { TsSegmentWriter } from "../../media/ts/segment.ts";
import type { OpenWriter, SegmentContent, SegmentWriter } from "./segment.ts";

/** A segment in MPEG-TS in the making. */
class TsWriter implements SegmentWriter {
  readonly #writer: TsSegmentWriter;

  constructor(headers: readonly Packet[], memory: Uint8Array<ArrayBuffer>) {
    this.#writer = new TsSegmentWriter(headers, 0, memory);
  }

  get memory(): Uint8Array<ArrayBuffer> {
    return this.#writer.memory;
  }

  get length(): number {
    return this.#writer.length;
  }

  write({ kind, payload, flags, track }: Packet, time: number): void {
    this.#writer.add(new Packet(kind, time, payload, flags, track));
  }

  mark(): void {
    this.#writer.mark();
  }

  finish(at: "end" | "mark"): SegmentContent {
    if (at === "mark") this.#writer.rewind();
    return { bytes: this.#writer.finish(), init: undefined };
  }
}

/** Begins a segment in MPEG-TS. */
export const openTsWriter: OpenWriter = (headers, reordered, memory) =>
  tsRefusal(headers, reordered) ?? new TsWriter(headers, memory);

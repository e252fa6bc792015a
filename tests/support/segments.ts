import type { OpenWriter, Segment, SegmentContent, SegmentWriter } from "../../src/features/hls/segment.ts";
import { Segmenter } from "../../src/features/hls/segmenter.ts";
import type { Epoch } from "../../src/live/source/epoch.ts";
import { Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { nameOf, payloads } from "./live.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Segments as text: the names of their frames, each with its time. */
export class TextWriter implements SegmentWriter {
  readonly #names: string[] = [];
  #marked = 0;
  length = 0;
  readonly memory = new Uint8Array(0);

  constructor(headers: readonly Packet[]) {
    this.#names.push(`[${headers.map(({ kind, payload }) => nameOf(kind, payload)).join(" ")}]`);
  }

  write({ kind, payload }: Packet, time: number): void {
    this.length += payload.length;
    this.#names.push(`${nameOf(kind, payload)}@${time}`);
  }

  mark(): void {
    this.#marked = this.#names.length;
  }

  finish(at: "end" | "mark"): SegmentContent {
    const names = this.#names.slice(0, at === "mark" ? this.#marked : undefined);
    return { bytes: encoder.encode(names.join(" ")), init: undefined };
  }
}

/** A frame or a header: its name begins with what it is. */
export function packet(name: string, time: number, size = 0): Packet {
  switch (name[0]) {
    case "V":
      return new Packet(PacketKind.Video, time, payloads.videoHeader(name), PacketFlag.SequenceHeader, 0);
    case "A":
      return new Packet(PacketKind.Audio, time, payloads.audioHeader(name), PacketFlag.SequenceHeader, 0);
    case "k":
      return new Packet(PacketKind.Video, time, payloads.key(name, size), PacketFlag.Key, 0);
    case "a":
      return new Packet(PacketKind.Audio, time, payloads.audio(name, size), 0, 0);
    default:
      return new Packet(PacketKind.Video, time, payloads.inter(name, size), 0, 0);
  }
}

/** A segmenter that makes texts, and what it told. */
export class SegmenterStage {
  readonly segments: Segment[] = [];
  readonly refused: string[] = [];
  overflows = 0;
  readonly segmenter: Segmenter;

  constructor(fragmentMs = 2000, open: OpenWriter = (headers) => new TextWriter(headers)) {
    this.segmenter = new Segmenter(fragmentMs, open, {
      cut: (segment) => this.segments.push(segment),
      refused: (reason) => this.refused.push(reason),
      overflow: () => this.overflows++,
    });
  }

  take(epoch: Epoch, ...packets: readonly Packet[]): this {
    for (const each of packets) this.segmenter.take(each, epoch);
    return this;
  }

  /** Texts of all segments, `-` for a slot without one. */
  get texts(): string[] {
    return this.segments.map(({ bytes }) => (bytes === undefined ? "-" : decoder.decode(bytes)));
  }

  get durations(): number[] {
    return this.segments.map(({ durationMs }) => durationMs);
  }

  get numbers(): number[] {
    return this.segments.map(({ number }) => number);
  }
}

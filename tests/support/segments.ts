import type { PartsConfig } from "../../src/features/hls/parted-segments.ts";
import type {
  OpenWriter,
  PartPlace,
  PartsWriter,
  Segment,
  SegmentContent,
  SegmentPart,
  SegmentWriter,
} from "../../src/features/hls/segment.ts";
import { Segmenter } from "../../src/features/hls/segmenter.ts";
import type { Epoch } from "../../src/live/source/epoch.ts";
import { Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import type { PacketBuffer } from "../../src/media/packet-buffer.ts";
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

/** Parts as text, each with what its writer was told of the frame behind it: `+` goes on with it, `.` is the segment's last. */
export class TextParts implements PartsWriter {
  readonly init: Uint8Array;

  constructor(headers: readonly Packet[]) {
    this.init = encoder.encode(`[${headers.map(({ kind, payload }) => nameOf(kind, payload)).join(" ")}]`);
  }

  write(packets: PacketBuffer, { last, next }: PartPlace) {
    const names: string[] = [];
    let independent = true;
    for (packets.end = packets.count, packets.rewind(); packets.next(); ) {
      const { kind, bytes, offset, length, flags } = packets;
      names.push(`${nameOf(kind, bytes.slice(offset, offset + length))}@${packets.time}`);
      if (kind === PacketKind.Video && names.length === 1) independent = (flags & PacketFlag.Key) !== 0;
    }
    const behind = next === undefined ? "" : ` ${nameOf(next.kind, next.payload)}`;
    return { bytes: encoder.encode(`(${names.join(" ")}${last ? "." : "+"}${behind})`), independent };
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
  /** As they were told, the last one of a segment with it; each with its bytes as text. */
  readonly parts: (Omit<SegmentPart, "bytes" | "memory"> & { readonly text: string })[] = [];
  readonly refused: string[] = [];
  overflows = 0;
  readonly segmenter: Segmenter;

  constructor(fragmentMs = 2000, open: OpenWriter = (headers) => new TextWriter(headers), parts?: PartsConfig) {
    const events = {
      cut: (segment: Segment) => {
        this.segments.push(segment);
        const last = segment.parts?.at(-1);
        const before = this.parts.at(-1);
        const isTold = before?.segment.number === segment.number && before.index === last?.index;
        if (last !== undefined && !isTold) events.part(last);
      },
      part: ({ bytes, memory: _memory, ...part }: SegmentPart) => {
        this.parts.push({ ...part, text: decoder.decode(bytes) });
      },
      refused: (reason: string) => this.refused.push(reason),
      overflow: () => this.overflows++,
    };
    this.segmenter = new Segmenter(fragmentMs, open, events, parts);
  }

  /** One that cuts parts, too. */
  static withParts(ms: number, fragmentMs = 2000): SegmenterStage {
    return new SegmenterStage(fragmentMs, undefined, { ms, open: (headers) => new TextParts(headers) });
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

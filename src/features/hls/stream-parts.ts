import type { LiveEdge } from "./live-edge.ts";
import type { KeyOf, Names } from "./names.ts";
import type { Segment, SegmentPart } from "./segment.ts";
import { encrypt, encryptedPart } from "./segment-keys.ts";
import { SegmentMemory } from "./segment-memory.ts";
import type { CarriedPart, ListedPart } from "./window.ts";

/** Notifications for the owner of a stream's parts. */
export interface PartEvents {
  /** Clients may ask for the part. */
  listedPart(part: ListedPart): void;
  /** Clients may no longer ask for these parts, unless their segment is listed. */
  removedParts(parts: readonly ListedPart[]): void;
}

/** Lists the parts of one stream's newest segment until that is whole. In an encrypted segment, each part is encrypted by itself. */
export class StreamParts {
  readonly edge: LiveEdge;
  /** Bytes of the listed parts whose memory is not the segmenter's. */
  bytes = 0;
  readonly #names: Names;
  readonly #keyOf: KeyOf;
  readonly #events: PartEvents;

  /** `keyOf`: the key of a segment whose first part is listed next. */
  constructor(edge: LiveEdge, names: Names, keyOf: KeyOf, events: PartEvents) {
    this.edge = edge;
    this.#names = names;
    this.#keyOf = keyOf;
    this.#events = events;
  }

  /** Lists a whole part, unless it is listed already. */
  add(part: SegmentPart): void {
    if (!this.edge.expects(part)) return;
    const begun = this.edge.beginning(part.segment);
    const key = begun === undefined ? this.#keyOf(part.segment) : begun.key;
    if (key === undefined) {
      part.memory?.hold();
      this.#list(part, this.#names.partNameOf(part), 0);
      return;
    }
    const own = this.#own(encryptedPart(part, key, encrypt(part.bytes, key.hex, part.segment.number)));
    this.#list(own, this.#names.partNameOf(own), own.bytes.length);
  }

  /** Takes a part of a segment that the process before this one has not finished. */
  adopt({ name, ...part }: CarriedPart): void {
    if (this.edge.expects(part)) this.#list(this.#own({ ...part, memory: undefined }), name, part.bytes.length);
  }

  /** A segment is listed: forgets the parts of the newest segment, unless that comes after this one. */
  clearUpTo({ epoch, number }: Pick<Segment, "epoch" | "number">): void {
    if (!this.edge.isBehind(epoch, number)) this.clear();
  }

  /** Forgets the parts of the newest segment: no more will come. */
  clear(): void {
    const { parts } = this.edge;
    if (parts.length === 0) return;
    this.edge.clear();
    this.#events.removedParts(parts);
    for (const { memory } of parts) memory?.release();
    this.bytes = 0;
  }

  #own(part: SegmentPart): SegmentPart {
    return { ...part, memory: new SegmentMemory(part.bytes) };
  }

  /** `own`: bytes of memory that are not the segmenter's. */
  #list(part: SegmentPart, name: string, own: number): void {
    if (part.index === 0) this.clear();
    this.bytes += own;
    const { epoch, init } = part.segment;
    this.#events.listedPart(this.edge.add(part, name, init && this.#names.initNameOf(epoch, init)));
  }
}

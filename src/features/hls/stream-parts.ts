import type { LiveEdge } from "./live-edge.ts";
import type { Names } from "./names.ts";
import type { Segment, SegmentPart } from "./segment.ts";
import { SegmentMemory } from "./segment-memory.ts";
import type { CarriedPart, ListedPart } from "./window.ts";

/** Notifications for the owner of a stream's parts. */
export interface PartEvents {
  /** It may be asked for. */
  listedPart(part: ListedPart): void;
  /** These may be asked for no more, unless their segment is listed. */
  removedParts(parts: readonly ListedPart[]): void;
}

/** Lists the parts of one stream's newest segment, by their names, until it is whole. */
export class StreamParts {
  readonly edge: LiveEdge;
  readonly #names: Names;
  readonly #events: PartEvents;

  constructor(edge: LiveEdge, names: Names, events: PartEvents) {
    this.edge = edge;
    this.#names = names;
    this.#events = events;
  }

  /** A part is whole. */
  add(part: SegmentPart): void {
    if (this.edge.expects(part)) this.#list(part, this.#names.partNameOf(part));
  }

  /** Takes a part of a segment that the process before this one has not finished. */
  adopt({ name, ...part }: CarriedPart): void {
    if (this.edge.expects(part)) this.#list({ ...part, memory: new SegmentMemory(part.bytes) }, name);
  }

  /** A segment is listed: its parts, and those of segments before it, are whole now, or will be listed no more. */
  clearUpTo({ epoch, number }: Pick<Segment, "epoch" | "number">): void {
    if (!this.edge.isBehind(epoch, number)) this.clear();
  }

  /** There will be no more of the newest segment. */
  clear(): void {
    const { parts } = this.edge;
    if (parts.length === 0) return;
    this.edge.clear();
    this.#events.removedParts(parts);
  }

  #list(part: SegmentPart, name: string): void {
    if (part.index === 0) this.clear();
    const { epoch, init } = part.segment;
    this.#events.listedPart(this.edge.add(part, name, init && this.#names.initNameOf(epoch, init)));
  }
}

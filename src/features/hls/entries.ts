import { dateAt, type Epoch, type Slot, type Span } from "../../live/source/epoch.ts";
import type { Packet } from "../../media/packet.ts";
import type { Segment, SegmentBeginning, SegmentContent, SegmentWriter } from "./segment.ts";
import { type NumberedSlot, slotOf, targetSeconds } from "./slots.ts";

/** Maximum number of slots without packets that get an entry each: no list has more. */
const MAX_GAPS = 256;

/** A segment that has begun. */
export interface BegunSegment {
  slot: Slot;
  /** Stream time of its first packet, ms. */
  begin: number;
  /** Stream time at which its clock is 0. */
  zero: number;
  readonly independent: boolean;
  /** Packets at the beginning of its slot may be missing here. */
  readonly partial: boolean;
  /** Packets of it are missing. */
  damaged: boolean;
  /** It has the maximum size: the rest of its slot is left out. */
  full: boolean;
}

/** A segment that still gets packets. */
export interface GrowingSegment extends BegunSegment {
  readonly writer: SegmentWriter;
}

/** Makes list entries of whole segments, and of the slots between them that have no segment. */
export class Entries {
  /** The stream's, as of the newest packet. */
  epoch: Epoch | undefined;
  readonly #fragmentMs: number;
  readonly #notify: (segment: Segment) => void;
  readonly #hasParts: boolean;
  /** The number of the last entry; undefined before the first one of an epoch. */
  #last: number | undefined;
  /** This segmenter has listed a segment. */
  #begun = false;
  /** The last entry that another segmenter has listed. */
  #adopted: { readonly epoch: string; readonly number: number } | undefined;

  /** `notify` gets each entry, in the order of the numbers. `hasParts`: see `targetSeconds`. */
  constructor(fragmentMs: number, notify: (segment: Segment) => void, hasParts = false) {
    this.#fragmentMs = fragmentMs;
    this.#notify = notify;
    this.#hasParts = hasParts;
  }

  /** Another segmenter has listed the entries of this epoch up to this number. */
  continueAfter(epoch: string, number: number): void {
    this.#adopted = { epoch, number };
    if (this.epoch?.id === epoch) this.#last = Math.max(number, this.#last ?? number);
  }

  /** The stream's epoch is this one now. */
  follow(epoch: Epoch): void {
    if (this.epoch?.id !== epoch.id) this.#last = this.#adopted?.epoch === epoch.id ? this.#adopted.number : undefined;
    this.epoch = epoch;
  }

  /** Another segmenter has listed entries of the epoch. */
  get goesOn(): boolean {
    return this.epoch !== undefined && this.#adopted?.epoch === this.epoch.id;
  }

  /** Upper bound of the durations of the epoch's segments, whole seconds. */
  get targetSeconds(): number {
    return this.epoch === undefined ? 0 : targetSeconds(this.epoch, this.#fragmentMs, this.#hasParts);
  }

  /** The slot of a number; undefined for one that the epoch does not have. */
  slot(number: number): NumberedSlot | undefined {
    return this.epoch === undefined ? undefined : slotOf(this.epoch, this.#fragmentMs, number);
  }

  /**
   * A segment ends at `end` (stream time, ms): with its last packet, or at its writer's mark. `next` is the frame that begins the
   * next segment, if that follows.
   */
  finish(segment: GrowingSegment, at: "end" | "mark", end: number, next?: Packet): void {
    this.list(segment, end, () => segment.writer.finish(at, segment.slot.number, next));
  }

  /** A segment ends at `end` (stream time, ms). `contentOf` is called if the segment is listed. */
  list(segment: BegunSegment, end: number, contentOf: () => SegmentContent): void {
    if (!this.#isNext(segment)) return;
    const { slot, begin, independent, damaged, partial } = segment;
    const { number, span } = slot;
    if (this.#last !== undefined) this.#notifyGaps(this.#last + 1, slot, begin);
    const content = contentOf();
    this.#begun = true;
    this.#add({ number, start: begin, end, span }, { independent, damaged: damaged || partial, ...content });
  }

  /** A segment whose parts will be listed begins: lists the slots without packets before it. Undefined if it can't be listed. */
  begin(segment: BegunSegment, init: Uint8Array | undefined): SegmentBeginning | undefined {
    const { epoch } = this;
    if (epoch === undefined || segment.partial || !this.#isNext(segment)) return undefined;
    const { slot, begin, independent } = segment;
    if (this.#last !== undefined) this.#notifyGaps(this.#last + 1, slot, begin);
    const { number, discontinuity } = slot;
    const dateMs = dateAt(epoch.spans[slot.span] as Span, begin);
    const { opens = false } = this.slot(number) ?? {};
    return { epoch: epoch.id, number, dateMs, discontinuity, opens, independent, init };
  }

  #isNext({ slot: { number }, damaged, partial }: BegunSegment): boolean {
    if (this.#last !== undefined && number <= this.#last) return false;
    // A list begins with a segment that all servers have alike. Another segmenter may list the slot in which this one began midway.
    return !((damaged || partial) && this.#last === undefined) && !(partial && !this.#begun);
  }

  /** Lists the slots without packets, from number `from` up to the segment that begins at `begin`. */
  #notifyGaps(from: number, { number, discontinuity }: Slot, begin: number): void {
    for (let at = Math.max(from, number - MAX_GAPS); at < number; at++) {
      const slot = this.slot(at);
      if (slot === undefined) continue;
      const touches = at + 1 === number && slot.discontinuity === discontinuity;
      const end = touches ? begin : slot.end;
      this.#add({ ...slot, end }, { independent: true, damaged: false, bytes: undefined, init: undefined });
    }
  }

  #add(
    { number, start, end, span }: Pick<NumberedSlot, "number" | "start" | "end" | "span">,
    content: Pick<Segment, "independent" | "damaged"> & SegmentContent,
  ): void {
    const epoch = this.epoch as Epoch;
    const { discontinuity = 0, opens = false } = this.slot(number) ?? {};
    this.#last = number;
    this.#notify({
      epoch: epoch.id,
      number,
      durationMs: Math.max(end - start, 0),
      dateMs: dateAt(epoch.spans[span] as Span, start),
      discontinuity,
      opens,
      targetSeconds: this.targetSeconds,
      ...content,
    });
  }
}

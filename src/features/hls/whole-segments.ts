// Hot: frame runs for each packet of each stream that is cut.
import { freeBuffer } from "../../base/memory.ts";
import { clockZero, type Epoch, type Slot } from "../../live/source/epoch.ts";
import { Packet } from "../../media/packet.ts";
import type { GrowingSegment } from "./entries.ts";
import { type CutStream, type Growth, MAX_SEGMENT_BYTES } from "./growth.ts";
import type { OpenWriter } from "./segment.ts";
import { isSame } from "./slots.ts";

/** Memory that is more than twice what a segment needed, and this much, is not kept for the next one. */
const SLACK_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * Segments that are listed once they are whole. A slot's segment begins with its first key frame, or with its first packet if the slot has
 * none, which is known when the slot is over. Until then its packets go into two segments: the one before, and a candidate that begins with
 * them. An audio rendition's segment begins with a slot's first packet, once a key frame of the video shows that there is such a slot:
 * frames at a span's end without a key frame are none.
 */
export class WholeSegments implements Growth {
  readonly #stream: CutStream;
  readonly #open: OpenWriter;
  #current: GrowingSegment | undefined;
  /** The segment of a later slot, which has had no key frame so far. */
  #candidate: GrowingSegment | undefined;
  /** The newest slot with a key frame in another rendition of the stream. */
  #keyed: Slot | undefined;
  /** The buffer that the last segment grew in, for the next one: a new buffer would be cleared, and would leave holes of its size. */
  #spare: Uint8Array<ArrayBuffer> = NOTHING;

  constructor(stream: CutStream, open: OpenWriter) {
    this.#stream = stream;
    this.#open = open;
  }

  get heldBytes(): number {
    const { writer: current } = this.#current ?? {};
    const { writer: candidate } = this.#candidate ?? {};
    return this.#spare.length + (current?.memory.length ?? 0) + (candidate?.memory.length ?? 0);
  }

  refusal(): string | undefined {
    const writer = this.#open(this.#stream.described, this.#stream.reordered, NOTHING);
    return typeof writer === "string" ? writer : undefined;
  }

  frame(packet: Packet, slot: Slot, key: boolean): void {
    if (this.#candidate !== undefined && slot.span > this.#candidate.slot.span) this.#mergeRemainder(this.#candidate);
    this.#place(packet, slot, key);
    this.#append(packet, slot);
  }

  keyElsewhere(slot: Slot): void {
    this.#keyed = slot;
    if (this.#candidate === undefined || !isSame(this.#candidate.slot, slot)) return;
    // Some servers get a span only from its first key frame on.
    if (slot.slot === 0) this.#dropCandidate();
    else this.#settleCandidate();
  }

  lost(): void {
    if (this.#current !== undefined) this.#current.damaged = true;
    if (this.#candidate !== undefined) this.#candidate.damaged = true;
  }

  shift(ms: number): void {
    for (const growing of [this.#current, this.#candidate]) {
      if (growing === undefined) continue;
      growing.begin += ms;
      growing.zero += ms;
    }
  }

  end(newest: number): void {
    const { entries } = this.#stream;
    if (this.#candidate !== undefined) this.#mergeRemainder(this.#candidate);
    this.#settleCandidate();
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    const { to } = entries.epoch?.spans[current.slot.span] ?? {};
    const { end = newest + 1 } = to === undefined ? {} : (entries.slot(current.slot.number) ?? {});
    this.#finish(current, "end", end);
  }

  close(): void {
    for (const growing of [this.#current, this.#candidate])
      if (growing !== undefined) freeBuffer(growing.writer.memory);
    freeBuffer(this.#spare);
    this.#spare = NOTHING;
    this.#current = undefined;
    this.#candidate = undefined;
  }

  #append(packet: Packet, slot: Slot): void {
    const { number = slot.number } = this.#candidate?.slot ?? {};
    // Behind a slot without packets, frames do not belong to the segment before that slot.
    if (this.#current !== undefined && number <= this.#current.slot.number + 1) this.#write(this.#current, packet);
    if (this.#candidate !== undefined) this.#write(this.#candidate, packet);
  }

  #finish(growing: GrowingSegment, at: "end" | "mark", end: number, next?: Packet): void {
    this.#stream.entries.finish(growing, at, end, next);
    this.#reuse(growing);
  }

  /** The segment is finished or given up: the next one may grow in its memory. */
  #reuse({ writer: { memory, length } }: GrowingSegment): void {
    const fits = memory.length <= 2 * length + SLACK_BYTES;
    const kept = fits && memory.length > this.#spare.length ? memory : this.#spare;
    freeBuffer(kept === memory ? this.#spare : memory);
    this.#spare = kept;
  }

  #dropCandidate(): void {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    if (candidate !== undefined) this.#reuse(candidate);
  }

  /** Begins a segment with a frame, if one is to begin there. */
  #place(packet: Packet, slot: Slot, key: boolean): void {
    const { number } = slot;
    if (this.#current !== undefined && number <= this.#current.slot.number) return;
    const isSlot = key || !this.#stream.hasKeys || (this.#keyed !== undefined && isSame(this.#keyed, slot));
    if (isSlot) this.#cut(packet, slot);
    else if (this.#candidate === undefined || number > this.#candidate.slot.number) this.#tentative(packet.time, slot);
  }

  /** The slot's segment begins here. */
  #cut(packet: Packet, slot: Slot): void {
    const { time } = packet;
    if (this.#candidate?.slot.number === slot.number) this.#dropCandidate();
    this.#settleCandidate();
    const current = this.#current;
    if (current !== undefined)
      this.#finish(current, "end", this.#endBefore(current, slot, time), followingIn(current, packet, slot));
    this.#current = this.#grow(time, slot, true);
  }

  /** A slot begins without a key frame. It may still have one. */
  #tentative(time: number, slot: Slot): void {
    this.#settleCandidate();
    this.#current?.writer.mark();
    this.#candidate = this.#grow(time, slot, !this.#stream.hasVideo);
  }

  /** The candidate's slot is over without a key frame: the candidate is its segment. */
  #settleCandidate(): void {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    const current = this.#current;
    if (current !== undefined) this.#finish(current, "mark", this.#endBefore(current, candidate.slot, candidate.begin));
    this.#current = candidate;
    this.#candidate = undefined;
  }

  /** The span has ended: frames behind its last whole slot may belong to that slot. */
  #mergeRemainder(candidate: GrowingSegment): void {
    const { slot } = candidate;
    const { number } = slot;
    const { to } = this.#stream.entries.epoch?.spans[slot.span] ?? {};
    // The span's end may not be known yet; frames at its end without a key frame are no slot.
    const isThere = to !== undefined && this.#stream.entries.slot(number)?.span === slot.span;
    if (isThere || slot.slot === 0) return;
    if (this.#current?.slot.number === number - 1) this.#dropCandidate();
    else candidate.slot = { ...slot, number: number - 1, slot: slot.slot - 1 };
  }

  /** Where a segment ends when the next one of the same clock begins at `time`. */
  #endBefore({ slot: { number } }: GrowingSegment, next: Slot, time: number): number {
    return next.number === number + 1 ? time : (this.#stream.entries.slot(number)?.end ?? time);
  }

  #grow(begin: number, slot: Slot, independent: boolean): GrowingSegment | undefined {
    const { described, reordered, resumedIn, entries } = this.#stream;
    const writer = this.#open(described, reordered, this.#spare);
    if (typeof writer === "string") {
      this.#stream.refuse(writer);
      return undefined;
    }
    this.#spare = NOTHING;
    const partial = slot.number <= resumedIn;
    const zero = clockZero(entries.epoch as Epoch, slot.span);
    return { slot, begin, zero, independent, writer, partial, damaged: false, full: false };
  }

  #write(growing: GrowingSegment, packet: Packet): void {
    if (growing.full) return;
    if (growing.writer.length + packet.payload.length <= MAX_SEGMENT_BYTES) {
      growing.writer.write(packet, packet.time - growing.zero);
      return;
    }
    growing.full = true;
    this.#stream.overflow();
  }
}

/** The frame that begins the next slot, as the segment's writer takes it; undefined behind a gap, and for a full segment. */
function followingIn(
  { slot: { number }, zero, full }: GrowingSegment,
  { kind, payload, flags, track, time }: Packet,
  next: Slot,
): Packet | undefined {
  return full || next.number !== number + 1 ? undefined : new Packet(kind, time - zero, payload, flags, track);
}

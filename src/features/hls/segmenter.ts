// Hot: take runs for each packet of each stream that is cut.
import { freeBuffer } from "../../base/memory.ts";
import { type Epoch, locate, type Slot } from "../../live/source/epoch.ts";
import { isHeader, isKey } from "../../live/source/source.ts";
import { Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { CodecDescription } from "./codec-description.ts";
import { Entries, type GrowingSegment } from "./entries.ts";
import { FirstList } from "./first-list.ts";
import type { OpenWriter, Segment } from "./segment.ts";
import { clockZero } from "./slots.ts";

/** Bytes of one segment; what comes behind them in its slot is left out. 4K at 50 Mbps has as much in 10 s. */
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
/** Memory that is more than twice what a segment needed, and this much, is not kept for the next one. */
const SLACK_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** Notifications for a segmenter's owner. */
export interface SegmenterEvents {
  /** The next entry of the list is whole. */
  cut(segment: Segment): void;
  /** The stream cannot be carried, and why, until the next `cut`. */
  refused(reason: string): void;
  /** A segment has as many bytes as one may have; the rest of its slot is left out. */
  overflow(): void;
}

/**
 * Cuts one stream into the segments of its epoch: one a slot, from the slot's first key frame, or from its first packet when it has none,
 * to the beginning of the next. Which of the two it is shows when the slot is over. Until then its packets go into two segments: the
 * one before, and a candidate that begins with them.
 */
export class Segmenter {
  readonly #fragmentMs: number;
  readonly #open: OpenWriter;
  readonly #events: SegmenterEvents;
  readonly #codecs = new CodecDescription();
  readonly #entries: Entries;
  readonly #firstList: FirstList;
  #discontinuity = -1;
  #current: GrowingSegment | undefined;
  /** Of a later slot, which has had no key frame so far. */
  #candidate: GrowingSegment | undefined;
  /** The last slot of which there may be a part only, for packets began to come in it, first or after a loss; -1 before the next one. */
  #resumedIn = -1;
  /** The packets that come next are all that matters of their span. */
  #fromSpan = false;
  #refused = false;
  /** Video is stamped in presentation order. */
  #reordered = false;
  /** The last segment grew in it, and the next one will: new memory would be cleared, and would leave holes of its size. */
  #spare: Uint8Array<ArrayBuffer> = NOTHING;
  /** Newest stream times, of all frames and of video. */
  #newest = Number.NEGATIVE_INFINITY;
  #newestVideo = Number.NEGATIVE_INFINITY;

  constructor(fragmentMs: number, open: OpenWriter, events: SegmenterEvents) {
    this.#fragmentMs = fragmentMs;
    this.#open = open;
    this.#events = events;
    this.#firstList = new FirstList(fragmentMs, (segment) => events.cut(segment));
    this.#entries = new Entries(fragmentMs, (segment) => this.#firstList.add(segment));
  }

  /** See `CodecDescription`. */
  get described(): readonly Packet[] {
    return this.#codecs.list;
  }

  /** Bytes of memory that it holds: of segments in the making, and of those that are not listed so far. */
  get heldBytes(): number {
    const { writer: current } = this.#current ?? {};
    const { writer: candidate } = this.#candidate ?? {};
    return (
      this.#firstList.heldBytes + this.#spare.length + (current?.memory.length ?? 0) + (candidate?.memory.length ?? 0)
    );
  }

  /** Another segmenter has told of the entries of this epoch up to this number. */
  goOnAfter(epoch: string, number: number): void {
    this.#entries.goOnAfter(epoch, number);
    if (this.#entries.epoch?.id === epoch) this.#list();
  }

  /** The source has ended: what there is of the first list is listed. */
  settle(): void {
    this.#firstList.settle(this.#entries.targetSeconds);
  }

  /**
   * Packets begin to come, with these headers in force; those between the last one and the next are missing. `fromSpan`: since the next
   * one's span began, no key frame was among them.
   */
  begin(headers: readonly Packet[], fromSpan = false): void {
    this.#codecs.begin(headers);
    this.lost();
    this.#fromSpan = fromSpan;
  }

  /** Packets are missing before the next one. */
  lost(): void {
    this.#resumedIn = -1;
    this.#fromSpan = false;
    this.#firstList.lost();
    this.#newestVideo = Number.NEGATIVE_INFINITY;
    if (this.#current !== undefined) this.#current.damaged = true;
    if (this.#candidate !== undefined) this.#candidate.damaged = true;
  }

  /** One packet in its order; `epoch` is the stream's there, none before its first frame. The payload is lent for the call. */
  take(packet: Packet, epoch: Epoch | undefined): void {
    const { kind, flags } = packet;
    if (kind === PacketKind.Data || packet.track !== 0) return;
    if (isHeader(flags)) {
      this.#codecs.header(packet.copy());
      return;
    }
    if (epoch === undefined || (flags & PacketFlag.SequenceEnd) !== 0) return;
    const slot = locate(epoch, this.#fragmentMs, packet.time);
    if (slot !== undefined) this.#frame(packet, slot, epoch);
  }

  /** Nothing more comes in the span: what there is of its last segment is all of it. `epoch` is the stream's now. */
  end(epoch = this.#entries.epoch): void {
    if (epoch !== undefined && epoch.id === this.#entries.epoch?.id) this.#follow(epoch);
    if (this.#candidate !== undefined) this.#mergeRemainder(this.#candidate);
    this.#settleCandidate();
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    const { to } = this.#entries.epoch?.spans[current.slot.span] ?? {};
    const { end = this.#newest + 1 } = to === undefined ? {} : (this.#entries.slot(current.slot.number) ?? {});
    this.#finish(current, "end", end);
  }

  /** Gives up what is in the making. */
  close(): void {
    for (const growing of [this.#current, this.#candidate])
      if (growing !== undefined) freeBuffer(growing.writer.memory);
    freeBuffer(this.#spare);
    this.#firstList.drop();
    this.#spare = NOTHING;
    this.#current = undefined;
    this.#candidate = undefined;
  }

  #frame(packet: Packet, slot: Slot, epoch: Epoch): void {
    const { kind, flags, time } = packet;
    if (epoch !== this.#entries.epoch) this.#follow(epoch);
    if (this.#candidate !== undefined && slot.span > this.#candidate.slot.span) this.#mergeRemainder(this.#candidate);
    if (slot.discontinuity > this.#discontinuity) this.#beginClock(slot);
    if (this.#resumedIn < 0) {
      const { from, start } = epoch.spans[slot.span] ?? {};
      const isFirst = time === start || (slot.slot === 0 && (this.#fromSpan || time === from));
      this.#resumedIn = isFirst ? slot.number - 1 : slot.number;
    }
    if (time > this.#newest) this.#newest = time;
    if (kind === PacketKind.Video) this.#checkOrder(time);
    if (this.#codecs.frame(packet)) this.#check();
    if (this.#refused) return;
    const key = isKey(kind, flags);
    if (this.#firstList.isMeasuredBy(time, key, this.#codecs.hasVideo)) this.#list();
    this.#place(packet, slot, key);
    this.#append(packet, slot);
  }

  #list(): void {
    this.#firstList.list(this.#entries.targetSeconds);
  }

  #append(packet: Packet, slot: Slot): void {
    const { number = slot.number } = this.#candidate?.slot ?? {};
    // What follows a slot without packets is not the end of the segment before that.
    if (this.#current !== undefined && number <= this.#current.slot.number + 1) this.#write(this.#current, packet);
    if (this.#candidate !== undefined) this.#write(this.#candidate, packet);
  }

  /** Whether the stream can be carried, by what is known of its codecs now. */
  #check(): void {
    const writer = this.#open(this.described, this.#reordered, NOTHING);
    if (typeof writer !== "string") this.#refused = false;
    else if (!this.#refused) this.#refuse(writer);
  }

  #follow(epoch: Epoch): void {
    const before = this.#entries.epoch;
    if (before?.id === epoch.id) this.#shift(before, epoch);
    else if (before !== undefined) {
      this.end();
      this.#discontinuity = -1;
      this.settle();
    }
    if (before?.id !== epoch.id) {
      this.#firstList.begin();
      // It may have begun elsewhere, in the middle of a slot of this one.
      this.#resumedIn = -1;
    }
    this.#entries.follow(epoch);
    if (this.#entries.goesOn || (epoch.spans.at(-1)?.gop ?? 0) > 0) this.#list();
  }

  /** After a loss, the stream may go on at other times than those which it had here. */
  #shift({ spans: before }: Epoch, { spans }: Epoch): void {
    const ms = spans[0].from - before[0].from;
    if (ms === 0) return;
    this.#newest += ms;
    for (const growing of [this.#current, this.#candidate]) {
      if (growing === undefined) continue;
      growing.begin += ms;
      growing.zero += ms;
    }
  }

  /** The clock, or what frames are encoded with, is another from here on: what came before ends before. */
  #beginClock(slot: Slot): void {
    this.end();
    this.#discontinuity = slot.discontinuity;
    this.#refused = false;
    this.#reordered = false;
    this.#codecs.forgetFrames();
    this.#newestVideo = Number.NEGATIVE_INFINITY;
  }

  /** Video whose times step back is stamped in presentation order: it may be that it can't be carried so. */
  #checkOrder(time: number): void {
    if (time >= this.#newestVideo) this.#newestVideo = time;
    else if (!this.#reordered) {
      this.#reordered = true;
      this.#check();
    }
  }

  #finish(growing: GrowingSegment, at: "end" | "mark", end: number, next?: Packet): void {
    this.#entries.finish(growing, at, end, next);
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
    if (key || !this.#codecs.hasVideo) this.#cut(packet, slot);
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
    this.#candidate = this.#grow(time, slot, false);
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

  /** The span has ended: what is left of it behind its last whole slot may belong to the slot before. */
  #mergeRemainder(candidate: GrowingSegment): void {
    const { slot } = candidate;
    const { number } = slot;
    const { to } = this.#entries.epoch?.spans[slot.span] ?? {};
    // Its end may not be known yet; a rest without a key frame is no slot.
    const isThere = to !== undefined && this.#entries.slot(number)?.span === slot.span;
    if (isThere || slot.slot === 0) return;
    if (this.#current?.slot.number === number - 1) this.#dropCandidate();
    else candidate.slot = { ...slot, number: number - 1, slot: slot.slot - 1 };
  }

  /** Where a segment ends when the next one of the same clock begins at `time`. */
  #endBefore({ slot: { number } }: GrowingSegment, next: Slot, time: number): number {
    return next.number === number + 1 ? time : (this.#entries.slot(number)?.end ?? time);
  }

  #grow(begin: number, slot: Slot, independent: boolean): GrowingSegment | undefined {
    const writer = this.#open(this.described, this.#reordered, this.#spare);
    if (typeof writer === "string") {
      this.#refuse(writer);
      return undefined;
    }
    this.#spare = NOTHING;
    const partial = slot.number <= this.#resumedIn;
    const zero = clockZero(this.#entries.epoch as Epoch, slot.span);
    return { slot, begin, zero, independent, writer, partial, damaged: false, full: false };
  }

  #refuse(reason: string): void {
    this.close();
    this.#refused = true;
    this.#events.refused(reason);
  }

  #write(growing: GrowingSegment, packet: Packet): void {
    if (growing.full) return;
    if (growing.writer.length + packet.payload.length <= MAX_SEGMENT_BYTES) {
      growing.writer.write(packet, packet.time - growing.zero);
      return;
    }
    growing.full = true;
    this.#events.overflow();
  }
}

/** The frame that the slot behind a segment's begins with, as the segment's writer takes it; undefined where the segment's end is open. */
function followingIn(
  { slot: { number }, zero, full }: GrowingSegment,
  { kind, payload, flags, track, time }: Packet,
  next: Slot,
): Packet | undefined {
  return full || next.number !== number + 1 ? undefined : new Packet(kind, time - zero, payload, flags, track);
}

// Hot: take runs for each packet of each stream that is cut.
import { clockZero, type Epoch, locate, type Slot } from "../../live/source/epoch.ts";
import { isHeader, isKey } from "../../live/source/source.ts";
import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { ClockTracks } from "./clock-tracks.ts";
import { Entries } from "./entries.ts";
import { FirstList } from "./first-list.ts";
import type { CutStream, Growth } from "./growth.ts";
import { Opening } from "./opening.ts";
import { PartedSegments, type PartsConfig } from "./parted-segments.ts";
import type { OpenWriter, Segment, SegmentPart } from "./segment.ts";
import { WholeSegments } from "./whole-segments.ts";

/** Notifications for a segmenter's owner. */
export interface SegmenterEvents {
  /** The next entry of the list is whole. */
  cut(segment: Segment): void;
  /** The next part of a segment is whole, which is not: the last one comes with it. */
  part(part: SegmentPart): void;
  /** The stream cannot be carried, and why, until the next `cut`. */
  refused(reason: string): void;
  /** A segment has as many bytes as one may have; the rest of its slot is left out. */
  overflow(): void;
}

/**
 * Cuts one stream into the segments of its epoch, one a slot: `WholeSegments`, or `PartedSegments` where they are listed before they are
 * whole. It follows the stream's codecs, epoch and losses for them.
 */
export class Segmenter implements CutStream {
  readonly entries: Entries;
  reordered = false;
  /** The last slot of which there may be a part only, for packets began to come in it, first or after a loss; -1 before the next one. */
  resumedIn = -1;
  readonly #fragmentMs: number;
  readonly #pick: (packet: Packet) => Packet | undefined;
  readonly #events: SegmenterEvents;
  readonly #tracks = new ClockTracks();
  readonly #opening = new Opening();
  readonly #firstList: FirstList;
  readonly #growth: Growth;
  #discontinuity = -1;
  /** The packets that come next are all that matters of their span. */
  #fromSpan = false;
  #refused = false;
  /** Newest stream times, of all frames and of video. */
  #newest = Number.NEGATIVE_INFINITY;
  #newestVideo = Number.NEGATIVE_INFINITY;

  /**
   * `parts`: segments are made of parts, by them instead of `open`. `pick`: what of a packet is cut; all packets of the stream tell where.
   */
  constructor(
    fragmentMs: number,
    open: OpenWriter,
    events: SegmenterEvents,
    parts?: PartsConfig,
    pick: (packet: Packet) => Packet | undefined = itself,
  ) {
    this.#fragmentMs = fragmentMs;
    this.#pick = pick;
    this.#events = events;
    this.#firstList = new FirstList(fragmentMs, (segment) => events.cut(segment));
    this.entries = new Entries(fragmentMs, (segment) => this.#firstList.add(segment), parts !== undefined);
    this.#growth =
      parts === undefined
        ? new WholeSegments(this, open)
        : new PartedSegments(this, fragmentMs, parts, (part) => events.part(part));
  }

  /** See `CodecDescription`. */
  get described(): readonly Packet[] {
    return this.#tracks.codecs.list;
  }

  get hasVideo(): boolean {
    return this.#tracks.codecs.hasVideo;
  }

  get hasKeys(): boolean {
    return this.#tracks.hasKeys;
  }

  /** Bytes of memory that it holds: of segments in the making, and of those that are not listed so far. */
  get heldBytes(): number {
    return this.#opening.heldBytes + this.#firstList.heldBytes + this.#growth.heldBytes;
  }

  /** Another segmenter has told of the entries of this epoch up to this number. */
  continueAfter(epoch: string, number: number): void {
    this.entries.continueAfter(epoch, number);
    if (this.entries.epoch?.id === epoch) this.#list();
  }

  /** The source has ended: what there is of the first list is listed. */
  settle(): void {
    this.#firstList.settle(this.entries.targetSeconds);
  }

  /**
   * Packets begin to come, with these headers in force; those between the last one and the next are missing. `fromSpan`: since the next
   * one's span began, no key frame was among them.
   */
  begin(headers: readonly Packet[], fromSpan = false): void {
    this.#release();
    const own = headers.flatMap((header) => this.#pick(header) ?? []);
    this.#tracks.begin(headers, own);
    this.lost();
    this.#fromSpan = fromSpan;
  }

  /** Packets are missing before the next one. */
  lost(): void {
    this.#release();
    this.resumedIn = -1;
    this.#fromSpan = false;
    this.#firstList.lost();
    this.#newestVideo = Number.NEGATIVE_INFINITY;
    this.#growth.lost();
  }

  /** One packet in its order; `epoch` is the stream's there, none before its first frame. The payload is lent for the call. */
  take(packet: Packet, epoch: Epoch | undefined): void {
    const { kind, flags } = packet;
    if (kind === PacketKind.Data) return;
    const own = this.#pick(packet);
    if (own === undefined && packet.track !== 0) return;
    if (isHeader(flags)) {
      this.#tracks.header(packet, own);
      return;
    }
    if (epoch === undefined || (flags & PacketFlag.SequenceEnd) !== 0) return;
    const slot = locate(epoch, this.#fragmentMs, packet.time);
    if (slot === undefined) return;
    if (epoch !== this.entries.epoch) this.#follow(epoch);
    if (slot.discontinuity > this.#discontinuity) this.#beginClock(slot, epoch);
    if (this.#opening.hold(packet, own, slot)) return;
    this.#release();
    if (this.#tracks.isOf(packet, own)) this.#frame(packet, own, slot);
  }

  /** Nothing more comes in the span: what there is of its last segment is all of it. `epoch` is the stream's now. */
  end(epoch = this.entries.epoch): void {
    this.#release();
    if (epoch !== undefined && epoch.id === this.entries.epoch?.id) this.#follow(epoch);
    this.#growth.end(this.#newest);
  }

  /** Gives up what is in the making. */
  close(): void {
    this.#opening.close();
    this.#growth.close();
    this.#firstList.drop();
  }

  refuse(reason: string): void {
    this.close();
    this.#refused = true;
    this.#events.refused(reason);
  }

  overflow(): void {
    this.#events.overflow();
  }

  /** All tracks that begin with the clock are known: what was held is cut. */
  #release(): void {
    if (!this.#opening.isOpen) return;
    const { kinds } = this.#opening;
    const held = this.#opening.close();
    this.#tracks.settle(kinds);
    for (const { packet, own, slot } of held) this.#frame(packet, own, slot);
  }

  /** `own`: what is cut of it. */
  #frame({ kind, flags, time }: Packet, own: Packet | undefined, slot: Slot): void {
    if (this.resumedIn < 0) {
      const { from, start } = this.entries.epoch?.spans[slot.span] ?? {};
      const isFirst = time === start || (slot.slot === 0 && (this.#fromSpan || time === from));
      this.resumedIn = isFirst ? slot.number - 1 : slot.number;
    }
    if (time > this.#newest) this.#newest = time;
    const key = isKey(kind, flags);
    if (this.#firstList.isMeasuredBy(time, key, this.#tracks.hasKeys)) this.#list();
    if (own === undefined) {
      if (key) this.#growth.keyElsewhere(slot);
      return;
    }
    if (kind === PacketKind.Video) this.#checkOrder(time);
    if (this.#tracks.codecs.frame(own)) this.#check();
    if (!this.#refused) this.#growth.frame(own, slot, key);
  }

  #list(): void {
    this.#firstList.list(this.entries.targetSeconds);
  }

  /** Whether the stream can be carried, by what is known of its codecs now. */
  #check(): void {
    const reason = this.#growth.refusal();
    if (reason === undefined) this.#refused = false;
    else if (!this.#refused) this.refuse(reason);
  }

  #follow(epoch: Epoch): void {
    const before = this.entries.epoch;
    if (before?.id !== epoch.id || before.spans[0].from !== epoch.spans[0].from) this.#release();
    if (before?.id === epoch.id) this.#shift(before, epoch);
    else if (before !== undefined) {
      this.end();
      this.#discontinuity = -1;
      this.settle();
    }
    if (before?.id !== epoch.id) {
      this.#firstList.begin();
      // It may have begun elsewhere, in the middle of a slot of this one.
      this.resumedIn = -1;
    }
    this.entries.follow(epoch);
    if (this.entries.goesOn || (epoch.spans.at(-1)?.gop ?? 0) > 0) this.#list();
  }

  /** After a loss, the stream may go on at other times than those which it had here. */
  #shift({ spans: before }: Epoch, { spans }: Epoch): void {
    const ms = spans[0].from - before[0].from;
    if (ms === 0) return;
    this.#newest += ms;
    this.#growth.shift(ms);
  }

  /** The clock, or what frames are encoded with, is another from here on: what came before ends before. */
  #beginClock({ discontinuity, span }: Slot, epoch: Epoch): void {
    this.end();
    this.#discontinuity = discontinuity;
    this.#opening.begin(clockZero(epoch, span));
    this.#refused = false;
    this.reordered = false;
    this.#tracks.beginClock();
    this.#newestVideo = Number.NEGATIVE_INFINITY;
  }

  /** Video whose times step back is stamped in presentation order: it may be that it can't be carried so. */
  #checkOrder(time: number): void {
    if (time >= this.#newestVideo) this.#newestVideo = time;
    else if (!this.reordered) {
      this.reordered = true;
      this.#check();
    }
  }
}

/** Of a stream that is cut as a whole, track 0 is. */
function itself(packet: Packet): Packet | undefined {
  return packet.track === 0 ? packet : undefined;
}

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
  /** The next part of a growing segment is whole. A segment's last part comes with `cut`. */
  part(part: SegmentPart): void;
  /** The stream cannot be carried, and why, until the next `cut`. */
  refused(reason: string): void;
  /** A segment has its maximum size; the rest of its slot is left out. */
  overflow(): void;
}

/**
 * Cuts one stream into the segments of its epoch, one a slot: into `WholeSegments`, or into `PartedSegments` where segments are listed
 * before they are whole. Follows the stream's codecs, epoch and losses for them.
 */
export class Segmenter implements CutStream {
  readonly entries: Entries;
  reordered = false;
  /** The last slot that may be incomplete, because packets began to come in it, first or after a loss; -1 until the next frame. */
  resumedIn = -1;
  readonly #fragmentMs: number;
  readonly #pick: (packet: Packet) => Packet | undefined;
  readonly #events: SegmenterEvents;
  readonly #tracks = new ClockTracks();
  readonly #opening = new Opening();
  readonly #firstList: FirstList;
  readonly #growth: Growth;
  #discontinuity = -1;
  /** The headers of another encoder, whose first frame comes next. */
  #nextHeaders: readonly Packet[] | undefined;
  /** No key frame of the next packet's span is missing before that packet. */
  #fromSpan = false;
  #refused = false;
  /** Newest stream times, of all frames and of video. */
  #newest = Number.NEGATIVE_INFINITY;
  #newestVideo = Number.NEGATIVE_INFINITY;

  /**
   * `parts`: how segments are made of parts, instead of `open`. `pick`: the part of a packet that is cut; all packets tell where to cut.
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

  /** Bytes of memory that it holds: frames of a clock's opening, growing segments, and whole ones that are not listed yet. */
  get heldBytes(): number {
    return this.#opening.heldBytes + this.#firstList.heldBytes + this.#growth.heldBytes;
  }

  /** Another segmenter has listed the entries of this epoch up to this number. */
  continueAfter(epoch: string, number: number): void {
    this.entries.continueAfter(epoch, number);
    if (this.entries.epoch?.id === epoch) this.#list();
  }

  /** The source has ended: lists the entries that the first list holds back. */
  settle(): void {
    this.#firstList.settle(this.entries.targetSeconds);
  }

  /**
   * Packets begin to come, with these headers in force; the packets between the last one and the next are missing. `fromSpan`: none of
   * these is a key frame of the next packet's span.
   */
  begin(headers: readonly Packet[], fromSpan = false): void {
    this.#release();
    this.#nextHeaders = undefined;
    this.#tracks.begin(headers, this.#ownOf(headers));
    this.lost();
    this.#fromSpan = fromSpan;
  }

  /** The next frame is another encoder's, which has sent these headers so far. */
  encoderChanged(headers: readonly Packet[]): void {
    this.#nextHeaders = headers;
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

  /** One packet in its order, its payload lent for the call; `epoch` is the stream's at this packet, undefined before its first frame. */
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
    if (this.#nextHeaders !== undefined) this.#replaceHeaders(this.#nextHeaders);
    if (this.#opening.hold(packet, own, slot)) return;
    this.#release();
    if (this.#tracks.isOf(packet, own)) this.#frame(packet, own, slot);
  }

  /** No more packets of the span come: its last segment ends as it is. `epoch` is the stream's now. */
  end(epoch = this.entries.epoch): void {
    this.#release();
    if (epoch !== undefined && epoch.id === this.entries.epoch?.id) this.#follow(epoch);
    this.#growth.end(this.#newest);
  }

  /** Gives up all segments that are not listed yet. */
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

  #ownOf(headers: readonly Packet[]): readonly Packet[] {
    return headers.flatMap((header) => this.#pick(header) ?? []);
  }

  /** Puts another encoder's headers in force. The earlier encoder's clock has ended, so all of its frames are cut with its own headers. */
  #replaceHeaders(headers: readonly Packet[]): void {
    this.#nextHeaders = undefined;
    this.#tracks.replace(headers, this.#ownOf(headers));
  }

  /** Cuts the frames that the opening holds: all tracks that begin with the clock are known. */
  #release(): void {
    if (!this.#opening.isOpen) return;
    const { kinds } = this.#opening;
    const held = this.#opening.close();
    this.#tracks.settle(kinds);
    for (const { packet, own, slot } of held) this.#frame(packet, own, slot);
  }

  /** `own`: the part of the packet that is cut. */
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
      // The epoch may have begun on another server: packets here may begin in the middle of one of its slots.
      this.resumedIn = -1;
    }
    this.entries.follow(epoch);
    if (this.entries.goesOn || (epoch.spans.at(-1)?.gop ?? 0) > 0) this.#list();
  }

  /** After a loss, all times of the stream may be shifted. */
  #shift({ spans: before }: Epoch, { spans }: Epoch): void {
    const ms = spans[0].from - before[0].from;
    if (ms === 0) return;
    this.#newest += ms;
    this.#growth.shift(ms);
  }

  /** The clock or the encoding changes at this slot: the segment before it ends. */
  #beginClock({ discontinuity, span }: Slot, epoch: Epoch): void {
    this.end();
    this.#discontinuity = discontinuity;
    this.#opening.begin(clockZero(epoch, span));
    this.#refused = false;
    this.reordered = false;
    this.#tracks.beginClock();
    this.#newestVideo = Number.NEGATIVE_INFINITY;
  }

  /** Video whose times step back is stamped in presentation order, which may be a reason to refuse the stream. */
  #checkOrder(time: number): void {
    if (time >= this.#newestVideo) this.#newestVideo = time;
    else if (!this.reordered) {
      this.reordered = true;
      this.#check();
    }
  }
}

/** What is cut of a stream as a whole: track 0. */
function itself(packet: Packet): Packet | undefined {
  return packet.track === 0 ? packet : undefined;
}

// Hot: frame runs for each packet of each stream that is cut.
import { freeBuffer, joined } from "../../base/memory.ts";
import { clockZero, type Epoch, locate, type Slot } from "../../live/source/epoch.ts";
import { Packet, PacketKind } from "../../media/packet.ts";
import { PacketBuffer } from "../../media/packet-buffer.ts";
import type { BegunSegment } from "./entries.ts";
import { type CutStream, type Growth, MAX_SEGMENT_BYTES } from "./growth.ts";
import type { OpenParts, PartsWriter, SegmentBeginning, SegmentContent, SegmentPart } from "./segment.ts";
import { SegmentMemory } from "./segment-memory.ts";
import { isSame } from "./slots.ts";

/** Minimum duration of all parts but a segment's last, as a share of the maximum (RFC 8216bis, 4.4.3.7). */
const LEAST_SHARE = 0.85;
/** A part buffer that is more than twice what the part needed, and this much, is freed. */
const SLACK_BYTES = 256 * 1024;

/** How segments are made of parts. */
export interface PartsConfig {
  /** How long a part may be, ms. */
  readonly ms: number;
  readonly open: OpenParts;
}

/** A segment whose parts are listed while it grows. */
interface PartedSegment extends BegunSegment {
  readonly writer: PartsWriter;
  readonly parts: SegmentPart[];
  /** Undefined before the first part, and where parts are not listed. */
  beginning: SegmentBeginning | undefined;
  bytes: number;
}

/** The part that packets are added to. */
interface OpenPart {
  /** Stream time of its first packet, ms. */
  begin: number;
  /** It begins at the same packet on all servers. */
  readonly sure: boolean;
}

/**
 * Segments that are listed by their parts before they are whole. A part ends before the first frame that comes 85 % of the maximum duration
 * after its beginning, or where its segment ends. Listed parts can't change, so all frames before a slot's first key frame go to the
 * segment before. If the slot ends without a key frame, its segment begins with the part that is open then, which is not listed yet.
 */
export class PartedSegments implements Growth {
  readonly #stream: CutStream;
  readonly #fragmentMs: number;
  readonly #config: PartsConfig;
  readonly #notify: (part: SegmentPart) => void;
  readonly #packets = new PacketBuffer();
  #current: PartedSegment | undefined;
  #part: OpenPart | undefined;
  /** The newest slot that has a key frame in another rendition of the stream. */
  #keyed: Slot | undefined;

  /** `notify` gets each part that may be listed before its segment: all but the last. */
  constructor(stream: CutStream, fragmentMs: number, config: PartsConfig, notify: (part: SegmentPart) => void) {
    this.#stream = stream;
    this.#fragmentMs = fragmentMs;
    this.#config = config;
    this.#notify = notify;
  }

  get heldBytes(): number {
    return this.#packets.bytes.length + (this.#current?.bytes ?? 0);
  }

  refusal(): string | undefined {
    const writer = this.#config.open(this.#stream.described, this.#stream.reordered);
    return typeof writer === "string" ? writer : undefined;
  }

  frame(packet: Packet, slot: Slot, key: boolean): void {
    const { number } = slot;
    const isSlot = key || !this.#stream.hasKeys || (this.#keyed !== undefined && isSame(this.#keyed, slot));
    const begins = isSlot && number > (this.#current?.slot.number ?? -1);
    if (this.#part !== undefined && (begins || this.#isDue(packet) || this.#isBehindGap(number)))
      this.#closePart(this.#part, packet, slot, begins);
    if (begins) {
      this.#current = this.#grow(packet.time, slot, true, number <= this.#stream.resumedIn);
      if (this.#current === undefined) return;
    }
    this.#part ??= { begin: packet.time, sure: this.#isSure(number) };
    this.#append(packet, slot);
  }

  keyElsewhere(slot: Slot): void {
    this.#keyed = slot;
  }

  lost(): void {
    if (this.#current !== undefined) this.#current.damaged = true;
    if (this.#part !== undefined) this.#part = { ...this.#part, sure: false };
  }

  shift(ms: number): void {
    if (this.#part !== undefined) this.#part.begin += ms;
    if (this.#current === undefined) return;
    this.#current.begin += ms;
    this.#current.zero += ms;
  }

  end(newest: number): void {
    const part = this.#part;
    this.#part = undefined;
    if (part !== undefined) this.#settleLast(part, newest);
    this.#packets.clear();
    this.#current = undefined;
  }

  close(): void {
    freeBuffer(this.#packets.bytes);
    this.#packets.bytes = new Uint8Array(0);
    this.#packets.clear();
    for (const { memory } of this.#current?.parts ?? []) memory?.release();
    this.#part = undefined;
    this.#current = undefined;
  }

  /** Whether a part that begins in this slot begins with the same frame on all servers. */
  #isSure(number: number): boolean {
    const current = this.#current;
    return current === undefined ? number > this.#stream.resumedIn : !current.partial && !current.damaged;
  }

  /** Whether the open part ends before this frame. Where there is video, audio ends a part only at the maximum duration. */
  #isDue({ kind, time }: Packet): boolean {
    const leads = kind === PacketKind.Video || !this.#stream.hasVideo;
    return time - (this.#part as OpenPart).begin >= this.#config.ms * (leads ? LEAST_SHARE : 1);
  }

  /** Whether there are slots without packets before the frame's slot. */
  #isBehindGap(number: number): boolean {
    const { number: current = -1 } = this.#current?.slot ?? {};
    if (number <= current + 1) return false;
    const { number: open = -1 } = this.#slotOf(this.#part as OpenPart) ?? {};
    return number > Math.max(current, open) + 1;
  }

  #slotOf({ begin }: OpenPart): Slot | undefined {
    const { epoch } = this.#stream.entries;
    return epoch === undefined ? undefined : locate(epoch, this.#fragmentMs, begin);
  }

  /** Ends the open part before the frame `next`. `begins`: the frame begins its slot's segment. */
  #closePart(part: OpenPart, next: Packet, slot: Slot, begins: boolean): void {
    const own = this.#slotOf(part);
    if (own !== undefined && own.number < slot.number) this.#beginKeyless(part, own);
    const current = this.#current;
    if (current === undefined) {
      this.#drop();
      return;
    }
    const { number } = current.slot;
    const follows = slot.number <= number + 1;
    const last = begins || !follows;
    const end = follows ? next.time : (this.#stream.entries.slot(number)?.end ?? next.time);
    this.#finishPart(part, end, last, follows && !current.full ? next : undefined);
    if (!last) return;
    this.#finish(end);
    this.#part = undefined;
  }

  /** A part's slot is over: its segment begins with this part, unless a key frame has begun it before. */
  #beginKeyless(part: OpenPart, slot: Slot): void {
    if (this.#current !== undefined && slot.number <= this.#current.slot.number) return;
    const partial = !part.sure || slot.number <= this.#stream.resumedIn;
    this.#finish(part.begin);
    this.#current = this.#grow(part.begin, slot, !this.#stream.hasVideo, partial);
  }

  /** Ends the last part and its segment: no more packets of their clock come. */
  #settleLast(part: OpenPart, newest: number): void {
    const { entries } = this.#stream;
    const slot = this.#slotOf(part);
    const { to } = (slot && entries.epoch?.spans[slot.span]) ?? {};
    // Frames without a key frame at a span's end are a slot only if the span's known end makes them one.
    if (slot !== undefined && to !== undefined) this.#beginKeyless(part, slot);
    const current = this.#current;
    if (current === undefined) return;
    const { end = newest + 1 } = to === undefined ? {} : (entries.slot(current.slot.number) ?? {});
    this.#finishPart(part, end, true, undefined);
    this.#finish(end);
  }

  /** Drops the open part, which belongs to no segment. */
  #drop(): void {
    this.#packets.clear();
    this.#part = undefined;
  }

  #finishPart(part: OpenPart, end: number, last: boolean, next: Packet | undefined): void {
    const current = this.#current as PartedSegment;
    const { parts, slot, zero, writer, damaged } = current;
    const index = parts.length;
    const made = writer.write(this.#packets, { number: slot.number, index, last, next: next && at(next, zero) });
    this.#clear();
    // A part without anything to show is left out: the next part takes its time.
    if (made === undefined) return;
    if (index === 0) current.beginning = this.#stream.entries.begin(current, writer.init);
    const { bytes, independent } = made;
    const segment = current.beginning ?? NOWHERE;
    const durationMs = Math.max(0, end - part.begin);
    const whole = { segment, index, durationMs, independent, damaged, bytes, memory: new SegmentMemory(bytes) };
    parts.push(whole);
    current.bytes += bytes.length;
    this.#part = undefined;
    // The last part is listed with its segment: if it were listed earlier, players would expect a part after it.
    if (current.beginning !== undefined && !last) this.#notify(whole);
  }

  /** The segment is whole. */
  #finish(end: number): void {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    this.#stream.entries.list(current, end, () => contentOf(current));
    for (const { memory } of current.parts) memory?.release();
  }

  #clear(): void {
    const { bytes, size } = this.#packets;
    if (bytes.length > 2 * size + SLACK_BYTES) {
      freeBuffer(bytes);
      this.#packets.bytes = new Uint8Array(0);
    }
    this.#packets.clear();
  }

  #grow(begin: number, slot: Slot, independent: boolean, partial: boolean): PartedSegment | undefined {
    const { described, reordered, entries } = this.#stream;
    const writer = this.#config.open(described, reordered);
    if (typeof writer === "string") {
      this.#stream.refuse(writer);
      return undefined;
    }
    const zero = clockZero(entries.epoch as Epoch, slot.span);
    const state = { damaged: false, full: false, parts: [], beginning: undefined, bytes: 0 };
    return { slot, begin, zero, independent, writer, partial, ...state };
  }

  #append(packet: Packet, slot: Slot): void {
    const current = this.#current;
    if (current?.full) return;
    const bytes = (current?.bytes ?? 0) + this.#packets.size + packet.payload.length;
    if (bytes <= MAX_SEGMENT_BYTES) {
      const zero = current?.zero ?? clockZero(this.#stream.entries.epoch as Epoch, slot.span);
      this.#packets.add(packet, packet.time - zero);
      return;
    }
    if (current !== undefined) current.full = true;
    this.#stream.overflow();
  }
}

/** The segment of parts that are not listed. */
const NOWHERE: SegmentBeginning = {
  epoch: "",
  number: 0,
  dateMs: 0,
  discontinuity: 0,
  opens: false,
  independent: false,
  init: undefined,
};

/** A frame as writers take it. */
function at({ kind, payload, flags, track, time }: Packet, zero: number): Packet {
  return new Packet(kind, time - zero, payload, flags, track);
}

/** The bytes of a segment's parts, joined; the returned parts are views of them. */
function contentOf({ parts, writer: { init }, beginning }: PartedSegment): SegmentContent {
  if (parts.length === 0) return { bytes: undefined, init: undefined };
  const bytes = joined(...parts.map((part) => part.bytes));
  if (beginning === undefined) return { bytes, init };
  let end = 0;
  const views = parts.map((part) => {
    end += part.bytes.length;
    return { ...part, bytes: bytes.subarray(end - part.bytes.length, end), memory: undefined };
  });
  return { bytes, init, parts: views };
}

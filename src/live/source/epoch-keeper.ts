import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import type { PacketLog } from "../log/log.ts";
import {
  beginEpoch,
  clockZero,
  dateAt,
  type Epoch,
  endEpoch,
  extendEpoch,
  LATE_TRACK_MS,
  type Span,
  type SpanStart,
  sameEpoch,
  shiftEpoch,
  startSpan,
} from "./epoch.ts";
import {
  alignedEpoch,
  type EpochReference,
  isAligned,
  isFollowedBy,
  isImplausible,
  likeAt,
  nextSpan,
} from "./epoch-alignment.ts";
import { EpochHistory, type Loss } from "./epoch-history.ts";
import type { EpochMakings } from "./epoch-makings.ts";
import { type EpochMessage, unrolled, writeEpoch } from "./epoch-text.ts";
import { KeyDistance } from "./key-distance.ts";
import { samePayload } from "./resume-filter.ts";
import { sameHeader, sequenceHeader } from "./sequence-headers.ts";
import type { LiveSource } from "./source.ts";
import type { Timeline } from "./timeline.ts";

/** Tracks of a source may be this far apart. */
const SKEW_MS = 10_000;
/** A timestamp of 32 bits is ambiguous when its time is further than this from a known one. */
const MAX_STEP_MS = 2 ** 31;

/** What a keeper needs of its stream. */
interface EpochOwner {
  readonly log: PacketLog;
  /** The epoch has changed, or (`lost`) packets are missing. Called before readers get the packets concerned. */
  epochChanged(lost: boolean): void;
}

/*
 *              ┌── its source sends an epoch ──> received: its maker adds spans, it is translated to this stream's time
 * first frame ─┤                                     │ another source comes that sends none
 *              └── it sends none ──> own: spans are added here <─┘ as a new epoch
 */
/** A stream's epoch: translates the one that the active source sends; if it sends none, makes one. */
export class EpochKeeper {
  /** Whether the owner must call `frame` with the next frame of the active source. */
  due = false;
  /** Streams of the same encoder, whose epochs an epoch made here follows; `fresh`: asked at the first frame of a source. */
  references: ((fresh: boolean) => readonly EpochReference[]) | undefined;
  /** Added to timestamps, gives stream times (ms); measured at the newest key frame, or at the source's first frame. */
  shift = 0;
  readonly #owner: EpochOwner;
  readonly #makings: EpochMakings;
  readonly #timeline: Timeline;
  readonly #history = new EpochHistory();
  #source: LiveSource | undefined;
  /** The active source has sent no frame yet. */
  #fresh = false;
  /** The fresh source continues the previous source's packets without a gap. */
  #unbroken = false;
  /** The fresh source has the previous source's sequence headers. */
  #sameHeaders = false;
  /** The newest time of the previous source. */
  #newest = 0;
  /** Time of the previous source's last key frame; undefined if it had no video at its end. */
  #keyBefore: number | undefined;
  /** The epoch is made here: no other server adds spans to it. */
  #own = false;
  /** This process may add spans to a received epoch once the active source is gone, as that is another process of this server. */
  #adopts = false;
  /** The epoch in force, if the active source sent it, in that source's time; `#offset` is added to get this stream's time. */
  #received: EpochMessage | undefined;
  #offset = 0;
  /** The time from which the epoch is in force; see `EpochMessage`. */
  #since = 0;
  /** A received epoch that comes into force with its first packet. */
  #pending: EpochMessage | undefined;
  #lost = false;
  /** Headers or a codec have changed since the last key frame. */
  #changed = false;
  /** A span has begun with a new source: its first key frame will be its `start`. */
  #startDue = false;
  /** Measures the distance of the active source's key frames. */
  readonly #keys = new KeyDistance();

  constructor(owner: EpochOwner, makings: EpochMakings, timeline: Timeline) {
    this.#owner = owner;
    this.#makings = makings;
    this.#timeline = timeline;
  }

  /** The epoch of the newest packet; undefined before the stream's first frame. */
  get epoch(): Epoch | undefined {
    return this.#history.newest;
  }

  /** Newest time, ms. */
  get newest(): number {
    return this.#timeline.newest;
  }

  /** The epoch of a packet in the log. */
  at(seq: number): Epoch | undefined {
    return this.#history.at(seq);
  }

  /** The programme date of one of the newest packets, Unix ms; undefined before the stream's first frame. */
  date(time: number): number | undefined {
    const span = this.#last;
    return span && dateAt(span, time);
  }

  /** The epoch as other servers get it (`Source.sendEpoch`). */
  get text(): string | undefined {
    const { epoch } = this;
    return epoch === undefined ? undefined : writeEpoch({ epoch, at: this.#timeline.newest, since: this.#since });
  }

  /** The last few places where packets were lost on their way to this server, oldest first. */
  get losses(): readonly Loss[] {
    return this.#history.losses;
  }

  /** A source that did not stand by begins. `anywhere`: the source before sent no video, or its video has stopped. */
  begin(source: LiveSource, anywhere: boolean): void {
    this.#rememberPosition();
    this.#enter(source, anywhere, false, false);
  }

  /** A standby takes over, without a gap (`seamless`) or with one; its `headers` replace those `before`. */
  takeOver(
    source: LiveSource,
    anywhere: boolean,
    seamless: boolean,
    before: readonly Packet[],
    headers: readonly Packet[],
  ): void {
    this.#rememberPosition();
    const same = (kind: PacketKind) => sameHeader(sequenceHeader(before, kind), sequenceHeader(headers, kind));
    this.#enter(source, anywhere, seamless, same(PacketKind.Audio) && same(PacketKind.Video));
  }

  #enter(source: LiveSource, anywhere: boolean, unbroken: boolean, sameHeaders: boolean): void {
    this.#source = source;
    this.#newest = this.#timeline.newest;
    this.#keyBefore = this.#keyUnless(anywhere);
    this.#fresh = true;
    this.#unbroken = unbroken;
    this.#sameHeaders = sameHeaders;
    this.#pending = undefined;
    this.#lost = false;
    this.#changed = false;
    this.#startDue = false;
    this.#keys.reset();
    this.due = true;
  }

  /** The active source is replaced. It may come back, so its present position in its epoch is remembered. */
  #rememberPosition(): void {
    if (this.#source !== undefined && this.#received !== undefined && !this.#fresh)
      this.#source.epochAt = this.#timeline.newest - this.#offset;
  }

  /** The last source ends. `anywhere`: it has no video, or its video has stopped. */
  end(anywhere: boolean): void {
    const { epoch } = this;
    if (!this.#own || epoch === undefined) return;
    this.#set(endEpoch(epoch, this.#timeline.newest, this.#keyUnless(anywhere)), this.#owner.log.end);
  }

  /** The active source has sent an epoch. `lost`: packets just before those in this epoch are lost. */
  receive(received: EpochMessage, lost: boolean): void {
    if (this.#fresh) return;
    const { id } = received.epoch;
    const continues =
      id === this.#received?.epoch.id && received.since === this.#received.since && this.#pending === undefined;
    // Times of packets are known only near the sender's position.
    const near = Math.abs(received.at + this.#offset - this.#timeline.newest) < MAX_STEP_MS;
    if (continues && near && !lost) {
      this.#received = received;
      this.#set(shiftEpoch(received.epoch, this.#offset), this.#owner.log.end);
      return;
    }
    this.#pending = received;
    this.#lost ||= lost;
    this.due = true;
  }

  /** A sequence header is about to replace one of `before`, or to be added to them. */
  header({ kind, track, flags, payload }: Packet, before: readonly Packet[]): void {
    if (!this.#own || this.#fresh || (flags & PacketFlag.SequenceHeader) === 0) return;
    const known = sequenceHeader(before, kind, track);
    // Further audio tracks are renditions of their own, and HLS has one video track.
    if (track !== 0 && (known === undefined || kind === PacketKind.Video)) return;
    if (known === undefined) this.trackCame(kind);
    else if (!samePayload(known.payload, payload)) this.codecChanged();
  }

  /** The active source begins to send a main track, or to describe one whose frames had no header. */
  trackCame(kind: PacketKind): void {
    const { epoch } = this;
    if (epoch === undefined) return;
    const hasFrames = this.#timeline.times.of(kind, 0) >= (this.#last?.from ?? 0);
    if (hasFrames || this.#timeline.newest - clockZero(epoch) >= LATE_TRACK_MS) this.codecChanged();
  }

  /** The active source continues in another codec. */
  codecChanged(): void {
    if (!this.#own || this.#fresh) return;
    this.#changed = true;
    this.due = true;
  }

  /** A frame, in the log at `seq`; its timestamp as on the wire, its time on the stream's time line. `anywhere`: there is no video. */
  frame(seq: number, timestamp: number, time: number, anywhere: boolean, resumes: boolean): void {
    if (this.#fresh) this.#first(seq, timestamp, time, this.#unbroken || resumes);
    else if (this.#pending !== undefined && this.#reaches(this.#pending, timestamp))
      this.#take(this.#pending, seq, timestamp, time, this.#lost);
    else if (anywhere && this.#follow(seq, timestamp, time, true)) this.#changed = false;
    else if (this.#changed && anywhere) {
      this.#beginSpan(seq, time, this.#last?.gop ?? 0, true, undefined);
      // The change may be that video begins.
      this.#startDue = true;
    }
    // Without video there are no key frames, so references are checked at each frame.
    const follows = anywhere && this.#own && this.references !== undefined;
    this.due = this.#pending !== undefined || this.#changed || follows;
  }

  /** A key frame that begins a GOP; after `frame`. */
  key(seq: number, timestamp: number, time: number): void {
    this.shift = time - timestamp;
    if (this.#own) {
      this.#measure(seq, time, this.#follow(seq, timestamp, time, false));
      this.#startAt(seq, time);
    } else if (this.#received !== undefined) {
      // The time line may have been bridged between the sender and this server.
      const off = (time - this.#offset - timestamp) | 0;
      if (off === 0) return;
      this.#offset += off;
      this.#since = time;
      this.#set(shiftEpoch(this.#received.epoch, this.#offset), seq);
    }
  }

  #keyUnless(anywhere: boolean): number | undefined {
    if (anywhere) return undefined;
    return Number.isNaN(this.#keys.last) ? this.#keyBefore : this.#keys.last;
  }

  get #last(): Span | undefined {
    return this.epoch?.spans.at(-1);
  }

  #first(seq: number, timestamp: number, time: number, unbroken: boolean): void {
    const source = this.#source;
    const { epoch } = this;
    this.#fresh = false;
    this.shift = time - timestamp;
    if (source?.epoch !== undefined) {
      const received = { ...source.epoch, at: source.epochAt };
      const again = !unbroken && received.epoch.id === epoch?.id;
      this.#take(received, seq, timestamp, time, again && !isFollowedBy(epoch, this.#newest, received, timestamp));
      return;
    }
    this.#received = undefined;
    if (this.#own && this.#sameHeaders && epoch !== undefined && this.#last?.to === undefined) return;
    const like = likeAt(this.references?.(true), timestamp, time);
    if (like !== undefined) {
      this.#align(like, seq, time);
      return;
    }
    const gop = this.#own ? (this.#last?.gop ?? 0) : 0;
    const key = this.#keyBefore;
    const before = epoch === undefined ? undefined : endEpoch(epoch, Math.min(this.#newest, time - 1), key);
    this.#extend(before, seq, { from: time, key, wall: this.#makings.clock.wall(), gop, discontinuity: true });
    this.#startDue = true;
  }

  /** Whether a received epoch is in force at a frame. */
  #reaches({ at, since }: EpochMessage, timestamp: number): boolean {
    return this.#received === undefined || unrolled(at, timestamp) >= since;
  }

  #take(received: EpochMessage, seq: number, timestamp: number, time: number, lost: boolean): void {
    this.#pending = undefined;
    this.#lost = false;
    this.#changed = false;
    this.#received = received;
    this.#offset = time - unrolled(received.at, timestamp);
    this.#since = time;
    this.#own = false;
    const { info } = this.#source ?? {};
    // Another process of this server made it, and passes the stream to this one.
    this.#adopts = info?.via === "sibling" && info.hops.length === 0;
    if (lost) this.#history.lost({ seq, time });
    this.#set(shiftEpoch(received.epoch, this.#offset), seq, lost);
  }

  /**
   * Continues the epoch as a reference's continues. False if there is no reference, and at a key frame if this stream may be ahead
   * of it; audio without video (`anywhere`) waits for the reference's key frame.
   */
  #follow(seq: number, timestamp: number, time: number, anywhere: boolean): boolean {
    const { epoch } = this;
    const like = this.#own ? likeAt(this.references?.(false), timestamp, time) : undefined;
    if (like === undefined || epoch === undefined) return false;
    const next = nextSpan(like, epoch, time);
    const aligned = isAligned(like, epoch);
    if (next !== undefined) this.#extend(epoch, seq, next);
    else if (!anywhere && (this.#changed || (aligned && this.#last?.gop === 0))) return false;
    else if (!aligned) this.#align(like, seq, time);
    this.#changed = false;
    return true;
  }

  #align(like: Epoch, seq: number, time: number): void {
    this.#own = true;
    this.#adopts = false;
    this.#since = time;
    this.#set(alignedEpoch(like, this.#makings.newEpochId(), this.epoch, time), seq);
  }

  #startAt(seq: number, time: number): void {
    const { epoch } = this;
    if (this.#startDue && epoch !== undefined && time > (this.#last?.from ?? time))
      this.#set(startSpan(epoch, time), seq);
    this.#startDue = false;
  }

  /** `follows`: the epoch continues as a reference's does. */
  #measure(seq: number, time: number, follows: boolean): void {
    const key = this.#keys.last;
    const known = this.#last?.gop ?? 0;
    const gop = this.#keys.measure(time, known);
    if (follows) return;
    const discontinuity = this.#changed || time < key;
    const last = Number.isNaN(key) ? undefined : key;
    if (discontinuity || gop !== known) this.#beginSpan(seq, time, gop, discontinuity, last);
  }

  /** The source continues in another span; `key` was the last key frame of the span before. */
  #beginSpan(seq: number, time: number, gop: number, discontinuity: boolean, key: number | undefined): void {
    this.#changed = false;
    this.#extend(this.epoch, seq, { from: time, key, wall: undefined, gop, discontinuity });
  }

  /** Adds a span to the epoch before, or begins another epoch if that one can't continue. */
  #extend(before: Epoch | undefined, seq: number, start: SpanStart): void {
    const last = before?.spans.at(-1);
    const end = last?.to ?? start.from;
    const from = start.from >= end - SKEW_MS ? Math.max(start.from, end) : start.from;
    let next: Epoch | undefined;
    if (before !== undefined && (this.#own || this.#adopts)) next = extendEpoch(before, { ...start, from });
    if (next === undefined) {
      const wall = start.wall ?? (last === undefined ? this.#makings.clock.wall() : dateAt(last, start.from));
      const { key = start.from - 1 } = start;
      const newest = Math.max(start.from - 1, this.#newest, key < start.from ? key : key + (last?.gop ?? 0));
      const ended =
        before === undefined || isImplausible(before, this.#makings.clock.wall())
          ? undefined
          : endEpoch(before, newest, start.key);
      next = beginEpoch(this.#makings.newEpochId(), wall, start.from, start.gop, ended);
      this.#since = start.from;
    }
    this.#own = true;
    this.#adopts = false;
    this.#set(next, seq);
  }

  /** The epoch is in force from packet `seq` on. `lost`: packets before it are missing, which the next servers must know, too. */
  #set(epoch: Epoch, seq: number, lost = false): void {
    const same = sameEpoch(epoch, this.epoch);
    if (!same) this.#history.add(seq, epoch, this.#owner.log.start);
    if (!same || lost) this.#owner.epochChanged(lost);
  }
}

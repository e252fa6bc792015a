// Hot: hold runs for each packet of each source that stands by.
import { Packet, PacketKind } from "../../media/packet.ts";
import type { GopCaps } from "../log/gop.ts";
import { Headers } from "../log/headers.ts";
import { PacketLog } from "../log/log.ts";
import type { SlabPool } from "../log/slabs.ts";
import type { StartPoint } from "../log/start-point.ts";
import { Times } from "../log/times.ts";
import { fingerprint, KeyframeHistory } from "./keyframe-history.ts";
import type { ResumeFilter } from "./resume-filter.ts";
import { isHeader, isKept, isKey, type LiveSource } from "./source.ts";
import { BRIDGE_STEP_MS, type Timeline } from "./timeline.ts";

/** A step of more than this that the wall clock does not confirm is a jump: what was held is of another clock. */
const JUMP_MS = 3000;
/** Two clocks that are this near are one: encoders that keep to the same time. */
const SAME_CLOCK_MS = 500;
/** The same stream over another way may be this much earlier or later. */
const MAX_LAG_MS = 10_000;
/** However long GOPs may be: each packet costs memory beside its bytes. */
const MAX_HELD = 1 << 16;
/** A key frame that came this much too early is waited for rather than the next: relays write up to 350 ms at once. */
const EARLY_MS = 400;

/** A frame of a source, by its wire timestamp. */
export interface Frame {
  readonly kind: PacketKind;
  readonly track: number;
  readonly timestamp: number;
}

/** What a source that stands by needs of its stream. */
interface StandbyOwner {
  readonly config: { readonly switch_after: number };
  readonly slabs: SlabPool;
}

/**
 * A source that stands by, kept warm: what it sent since the key frame at or before the stream's newest packet, with the
 * headers that go with it. Its timestamps stay as on the wire until it takes over.
 */
export class Standby {
  readonly source: LiveSource;
  /** What is held; times are the wire's uint32 ms. */
  readonly held: PacketLog;
  /** The source sends the same stream as the active one, packet for packet. */
  inStep = false;
  /** Since when it has sent media without a pause longer than `switch_after`, monotonic ms. */
  steadySince: number;
  /** Its first frame since then. */
  #steadyFrom: Frame | undefined;
  /** The key frames in `held`, oldest first, with the headers in force there. */
  readonly #starts: StartPoint[] = [];
  readonly #keys = new KeyframeHistory();
  readonly #timeline: Timeline;
  /** The stream's newest key frames. */
  readonly #streamKeys: KeyframeHistory;
  readonly #owner: StandbyOwner;
  /** The source's greatest timestamp, and of which track it is. */
  #newest: number | undefined;
  #newestKind: PacketKind = PacketKind.Video;
  #newestTrack = 0;
  /** The greatest timestamp of each track, and when its newest frame came, monotonic ms. */
  readonly #greatest = new Times();
  readonly #arrived = new Times();
  #videoSeen = false;
  /** How far it is behind the active source, ms, as it was when both last sent. */
  #lag: number | undefined;
  /** When the media message before the newest came, monotonic ms. */
  #previousMediaAt = Number.NEGATIVE_INFINITY;

  constructor(source: LiveSource, timeline: Timeline, streamKeys: KeyframeHistory, owner: StandbyOwner, now: number) {
    this.source = source;
    this.held = new PacketLog(owner.slabs);
    this.#owner = owner;
    this.#timeline = timeline;
    this.#streamKeys = streamKeys;
    this.#videoSeen = source.keyTrack >= 0;
    this.steadySince = now;
  }

  /** The source's frame with the greatest timestamp; undefined before its first. */
  get newest(): Frame | undefined {
    const timestamp = this.#newest;
    return timestamp === undefined ? undefined : { kind: this.#newestKind, track: this.#newestTrack, timestamp };
  }

  /** Whether it has sent no video so far. */
  get audioOnly(): boolean {
    return !this.#videoSeen;
  }

  /** Whether it is the active source's stream over another way, packet for packet and by the same clock. */
  get same(): boolean {
    return this.inStep && this.shift === 0;
  }

  /** Whether readers would notice nothing if it took over now. */
  get seamless(): boolean {
    return this.same && this.ready && (this.#starts.length === 0 || this.#reachesBack(0));
  }

  /** Whether it could go on with a picture at once. */
  get ready(): boolean {
    return !this.#videoSeen || this.#starts.length > 0;
  }

  /** Takes a message, classified, arriving at `now` (monotonic ms). */
  hold(kind: PacketKind, timestamp: number, payload: Uint8Array, flags: number, track: number, now: number): void {
    const { source, held } = this;
    const header = isHeader(flags);
    if (isKept(flags)) source.headers.set(new Packet(kind, timestamp, payload.slice(), flags, track));
    if (kind !== PacketKind.Data && !header) this.#onMedia(kind, track, timestamp, now);
    if (kind === PacketKind.Video && !this.#videoSeen) {
      this.#videoSeen = true;
      this.forget();
    }
    if (!this.#videoSeen) {
      // Without video every packet is a place to begin, until the headers change.
      if (!header) held.append(kind, timestamp, payload, flags, track);
      else if (kind === PacketKind.Audio) this.forget();
    } else if (kind !== PacketKind.Video || header || source.decodable(isKey(kind, flags), track)) {
      if (isKey(kind, flags) && track === source.keyTrack) this.#key(timestamp, payload);
      if (this.#starts.length > 0) held.append(kind, timestamp, payload, flags, track);
    }
    this.#dropPast();
  }

  /** The stream goes on from another source than it was held against: whether it sends the same is to be seen anew. */
  resetSync(): void {
    this.inStep = false;
    this.#lag = undefined;
  }

  /** Gives up what was held: it can be gone on from at the next key frame. */
  forget(): void {
    this.#starts.length = 0;
    this.held.dropUntil(this.held.end);
  }

  /** Gives up the oldest of what is held. */
  dropOldest(): void {
    const next = this.#starts[1];
    if (next === undefined) this.forget();
    else this.#dropFirst(next);
  }

  /** Whether it sends media while the active source, silent since `silentSince`, does not. */
  flowing(silentSince: number, now: number, switchAfter: number): boolean {
    return this.#previousMediaAt > silentSince && now - this.source.lastMediaAt <= switchAfter / 2;
  }

  /** The active source sent a key frame: whether this one had it before. */
  compare(time: number, payload: Uint8Array): void {
    const { newest } = this.#keys;
    if (newest === undefined) return;
    if (this.#keys.has(time, fingerprint(payload), (timestamp) => this.#continuedKey(timestamp) ?? Number.NaN))
      this.inStep = true;
    else if (time <= (this.#continuedKey(newest) ?? 0)) this.inStep = false;
  }

  /**
   * What is to be added to its timestamps, as the time line continues them, so that it goes on from the active source's:
   * nothing when it is the same stream and not too late; else so that what came at the same moment has the same time, or just enough more that
   * its newest key frame follows the stream's newest picture.
   */
  get shift(): number {
    const shift = this.#shift;
    return shift + this.#early(shift);
  }

  /** How much of the shift is for its key frame's sake: the next takeover makes up for it, so that time keeps to the wall. */
  get ahead(): number {
    const shift = this.#shift;
    return this.inStep && shift === 0 ? this.#timeline.ahead : this.#early(shift);
  }

  /** How much sooner than from the active source readers get things from it, ms; less than 0 for later. */
  get lead(): number {
    return -(this.#lag ?? this.#lagNow ?? 0);
  }

  get #shift(): number {
    const timeline = this.#timeline;
    const byArrival = this.#lagNow;
    if (byArrival === undefined) return 0;
    if (this.inStep && this.#near(this.lead)) return 0;
    // What comes all at once after a pause says nothing of how late it is.
    const late = this.#lag ?? byArrival;
    if (Math.abs(late) <= Math.min(SAME_CLOCK_MS, this.#owner.config.switch_after)) return -timeline.ahead;
    if (this.steadySince <= timeline.newestAt) return late - timeline.ahead;
    // It came after the active source had fallen silent: nobody knows how long that ought to be.
    const from = this.#steadyFrom ?? this.newest;
    const first = from === undefined ? 0 : this.#placed(from.kind, from.track, from.timestamp, 0);
    const behind = timeline.newest + BRIDGE_STEP_MS - first;
    return this.#lag === undefined ? behind : Math.min(behind, late - timeline.ahead);
  }

  /** How far its newest packet lies behind where the stream would be when it came. */
  get #lagNow(): number | undefined {
    const timeline = this.#timeline;
    if (this.#newest === undefined) return undefined;
    const newest = timeline.continued(this.#newestKind, this.#newestTrack, this.#newest);
    if (newest === undefined) return undefined;
    return Math.round(timeline.newest + this.source.lastMediaAt - timeline.newestAt) - newest;
  }

  /**
   * Whether the same stream, so much sooner, can go on where readers are: it is not so late that waiting for it is worse than
   * another source, and not so early that what lies between is more than it holds, or than viewers should be behind.
   */
  #near(lead: number): boolean {
    const wait = Math.max(this.#owner.config.switch_after, this.#streamKeys.gopMs, this.#keys.gopMs);
    const max = Math.min(wait, MAX_LAG_MS);
    if (lead <= BRIDGE_STEP_MS) return -lead <= max;
    return lead + this.#timeline.early <= MAX_LAG_MS && (lead <= max || this.#reachesBack(max));
  }

  /** Whether what it holds begins no later than so long after the stream's newest picture. */
  #reachesBack(ms: number): boolean {
    const first = this.#starts[0];
    const last = this.#timeline.times.of(PacketKind.Video, this.source.keyTrack);
    return first !== undefined && this.#placedKey(first.time, 0) <= last + ms;
  }

  /** Position in `held` of the first frame that readers can use, once its clock is put right; the end when there is none. */
  firstNew(resumeFilter: ResumeFilter, same: boolean): number {
    const { held } = this;
    for (let seq = held.start; seq < held.end; seq++) {
      const { kind, time, flags, track } = held.at(seq);
      if (kind === PacketKind.Data || isHeader(flags) || resumeFilter.hasSent(kind, track, time)) continue;
      if (kind === PacketKind.Audio || same || isKey(kind, flags)) return seq;
    }
    return held.end;
  }

  /** The headers in force at a position in `held`. */
  headersAt(seq: number): readonly Packet[] {
    const start = this.#starts.findLast((candidate) => candidate.seq <= seq);
    if (start === undefined || seq === this.held.end) return this.source.headers.list;
    const headers = new Headers();
    for (const packet of start.headers) headers.set(packet);
    for (let at = start.seq; at < seq; at++) {
      const packet = this.held.at(at);
      if (isKept(packet.flags)) headers.set(packet.copy());
    }
    return headers.list;
  }

  #key(timestamp: number, payload: Uint8Array): void {
    const { source, held } = this;
    const print = fingerprint(payload);
    this.#starts.push({ seq: held.end, time: timestamp, headers: source.headers.list });
    this.#keys.add(timestamp, print);
    const time = this.#continuedKey(timestamp);
    const { newest } = this.#streamKeys;
    if (time === undefined || newest === undefined) return;
    if (this.#streamKeys.has(time, print)) this.inStep = true;
    // One that lies ahead is yet to be seen from the active source.
    else if (time <= newest) this.inStep = false;
  }

  #onMedia(kind: PacketKind, track: number, timestamp: number, now: number): void {
    const { source } = this;
    if (now - source.lastMediaAt > this.#owner.config.switch_after) {
      this.steadySince = now;
      this.#steadyFrom = undefined;
    }
    this.#previousMediaAt = source.lastMediaAt;
    source.onMedia(now);
    this.#steadyFrom ??= { kind, track, timestamp };
    const step = this.#step(kind, track, timestamp);
    const pause = Math.max(0, now - this.#arrived.of(kind, track));
    const jumped = step < -JUMP_MS || step > JUMP_MS + pause;
    if (jumped) {
      this.forget();
      this.#steadyFrom = { kind, track, timestamp };
      this.#lag = undefined;
    }
    if (jumped || step > 0) this.#greatest.set(kind, track, timestamp);
    this.#arrived.set(kind, track, now);
    if (jumped || this.#newest === undefined || ((timestamp - this.#newest) | 0) > 0) {
      this.#newest = timestamp;
      this.#newestKind = kind;
      this.#newestTrack = track;
    }
    if (now - this.#timeline.newestAt <= this.#owner.config.switch_after / 2) this.#lag = this.#lagNow;
  }

  /** How far a frame is ahead of those of its own track: the others may have clocks that have jumped apart from it. */
  #step(kind: PacketKind, track: number, timestamp: number): number {
    const greatest = this.#greatest.of(kind, track);
    if (greatest !== Number.NEGATIVE_INFINITY) return (timestamp - greatest) | 0;
    this.#greatest.set(kind, track, timestamp);
    return 0;
  }

  /** How much too early its newest key frame is to follow the stream's newest picture, when that is but a little. */
  #early(shift: number): number {
    const key = this.#starts.at(-1)?.time;
    if (key === undefined || (this.inStep && shift === 0)) return 0;
    const last = this.#timeline.times.of(PacketKind.Video, this.source.keyTrack);
    const early = last + BRIDGE_STEP_MS - this.#placedKey(key, shift);
    // The next takeover makes up for it, and readers wait for that as for a stall.
    return early > 0 && early <= Math.min(EARLY_MS, this.#owner.config.switch_after) ? early : 0;
  }

  /** Drops what lies before the GOP in which the stream is. */
  #dropPast(): void {
    const timeline = this.#timeline;
    const { held } = this;
    if (timeline.newest === 0) return;
    const { lead } = this;
    // Of what is ahead, all is kept that readers have yet to get to.
    const shift = this.inStep && lead > 0 && lead <= MAX_LAG_MS ? 0 : this.shift;
    if (!this.#videoSeen) {
      const newest = timeline.times.of(PacketKind.Audio, 0);
      while (held.start < held.end && this.#placed(PacketKind.Audio, 0, held.timeAt(held.start), shift) <= newest)
        held.dropUntil(held.start + 1);
      return;
    }
    const video = Math.max(timeline.times.of(PacketKind.Video, this.source.keyTrack), timeline.newest - JUMP_MS);
    for (let next = this.#starts[1]; next !== undefined; next = this.#starts[1]) {
      if (this.#placedKey(next.time, shift) > video) return;
      this.#dropFirst(next);
    }
  }

  #dropFirst(next: StartPoint): void {
    this.#starts.shift();
    this.held.dropUntil(next.seq);
  }

  #continuedKey(timestamp: number): number | undefined {
    return this.#timeline.continued(PacketKind.Video, this.source.keyTrack, timestamp);
  }

  #placedKey(timestamp: number, shift: number): number {
    return this.#placed(PacketKind.Video, this.source.keyTrack, timestamp, shift);
  }

  /**
   * By its distance to the newest: on the other side of the wrap it would be unrolled to another time. Tracks of another source
   * are taken to have one clock; those of the same stream have the offsets that the active source's have.
   */
  #placed(kind: PacketKind, track: number, timestamp: number, shift: number): number {
    const own = this.inStep ? this.#greatest.of(kind, track) : Number.NEGATIVE_INFINITY;
    if (own !== Number.NEGATIVE_INFINITY)
      return (this.#timeline.continued(kind, track, own) ?? 0) + shift - ((own - timestamp) | 0);
    const newest = this.#newest ?? timestamp;
    const time = this.#timeline.continued(this.#newestKind, this.#newestTrack, newest) ?? 0;
    return time + shift - ((newest - timestamp) | 0);
  }
}

/** What all hold together is bounded as a GOP is that is kept for those who join: who goes beyond it gives up its oldest. */
export function keepBounds(all: readonly Standby[], standby: Standby, caps: GopCaps): void {
  const { gop_cache_max_frames: frames, gop_cache_max_bytes: bytes } = caps;
  const max = frames > 0 ? Math.min(frames, MAX_HELD) : MAX_HELD;
  while (standby.held.end > standby.held.start) {
    let [heldFrames, heldBytes] = [0, 0];
    for (const { held } of all) {
      heldFrames += held.end - held.start;
      heldBytes += held.bytes;
    }
    if (heldFrames <= max && heldBytes <= bytes) return;
    standby.dropOldest();
  }
}

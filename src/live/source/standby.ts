// Hot: hold runs for each packet of each source that stands by.
import { Packet, PacketKind } from "../../media/packet.ts";
import { Headers } from "../log/headers.ts";
import { PacketLog } from "../log/log.ts";
import type { SlabPool } from "../log/slabs.ts";
import type { StartPoint } from "../log/start-point.ts";
import { Times } from "../log/times.ts";
import { fingerprint, KeyframeHistory } from "./keyframe-history.ts";
import type { ResumeFilter } from "./resume-filter.ts";
import { isHeader, isKept, isKey, type LiveSource } from "./source.ts";
import { BRIDGE_STEP_MS, type Timeline } from "./timeline.ts";

/** A longer step that the wall clock does not confirm is a jump: what was held belongs to another clock. */
const JUMP_MS = 3000;
/** Clocks this close (ms) count as one: their encoders are synchronised. */
const SAME_CLOCK_MS = 500;
/** The same stream may come this much (ms) earlier or later by another path. */
const MAX_LAG_MS = 10_000;
/** A key frame that is this much too early is still used instead of the next one: relays write up to 350 ms at once. */
const EARLY_MS = 400;

/** A frame of a source, by its wire timestamp. */
export interface Frame {
  readonly kind: PacketKind;
  readonly track: number;
  readonly timestamp: number;
}

/** What a standby needs from its stream. */
interface StandbyOwner {
  readonly config: { readonly switch_after: number };
  readonly slabs: SlabPool;
}

/**
 * A standby source: holds what it sent since the key frame at or before the stream's newest packet, with the headers for it.
 * Timestamps stay as on the wire until it takes over.
 */
export class Standby {
  readonly source: LiveSource;
  /** The held packets; times are the wire's uint32 ms. */
  readonly held: PacketLog;
  /** The source sends the same stream as the active one, packet by packet. */
  inStep = false;
  /** The start of its time without a pause longer than `switch_after`, monotonic ms. */
  steadySince: number;
  /** Its first frame since `steadySince`. */
  #steadyFrom: Frame | undefined;
  /** The key frames in `held`, oldest first, with the headers in force there. */
  readonly #starts: StartPoint[] = [];
  readonly #keys = new KeyframeHistory();
  readonly #timeline: Timeline;
  /** The newest key frames of the stream. */
  readonly #streamKeys: KeyframeHistory;
  readonly #owner: StandbyOwner;
  /** The source's greatest timestamp, and its track. */
  #newest: number | undefined;
  #newestKind: PacketKind = PacketKind.Video;
  #newestTrack = 0;
  /** The greatest timestamp of each track, and the arrival of its newest frame, monotonic ms. */
  readonly #greatest = new Times();
  readonly #arrived = new Times();
  #videoSeen = false;
  /** Its delay behind the active source, ms, when both last sent. */
  #lag: number | undefined;
  /** The arrival of the media message before the newest, monotonic ms. */
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

  /** Whether it sends the active source's stream by another path, packet by packet and by the same clock. */
  get same(): boolean {
    return this.inStep && this.shift === 0;
  }

  /** Whether a takeover now would be invisible to readers. */
  get seamless(): boolean {
    return this.same && this.ready && (this.#starts.length === 0 || this.#reachesBack(0));
  }

  /** Whether it has a key frame to take over with. */
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
      // Without video, readers can begin at every packet, until the headers change.
      if (!header) held.append(kind, timestamp, payload, flags, track);
      else if (kind === PacketKind.Audio) this.forget();
    } else if (kind !== PacketKind.Video || header || source.decodable(isKey(kind, flags), track)) {
      if (isKey(kind, flags) && track === source.keyTrack) this.#key(timestamp, payload);
      if (this.#starts.length > 0) held.append(kind, timestamp, payload, flags, track);
    }
    this.#dropPast();
  }

  /** The stream has another active source: whether this one is in step must be found out again. */
  resetSync(): void {
    this.inStep = false;
    this.#lag = undefined;
  }

  /** Drops what was held: a takeover is possible again at the next key frame. */
  forget(): void {
    this.#starts.length = 0;
    this.held.dropUntil(this.held.end);
  }

  /** The next frame is another encoder's: a takeover is possible again at its first key frame. */
  encoderChanged(): void {
    this.#videoSeen = false;
    this.forget();
  }

  /** Drops the oldest part of what is held. */
  dropOldest(): void {
    const next = this.#starts[1];
    if (next === undefined) this.forget();
    else this.#dropFirst(next);
  }

  /** Whether it sends media while the active source has been silent since `silentSince`. */
  flowing(silentSince: number, now: number, switchAfter: number): boolean {
    return this.#previousMediaAt > silentSince && now - this.source.lastMediaAt <= switchAfter / 2;
  }

  /** Compares a key frame of the active source with those that this one has sent. */
  compare(time: number, payload: Uint8Array, date: number | undefined): void {
    const { newest } = this.#keys;
    if (newest === undefined) return;
    if (this.#keys.has(time, fingerprint(payload), date, (timestamp) => this.#continuedKey(timestamp) ?? Number.NaN))
      this.inStep = true;
    else if (time <= (this.#continuedKey(newest) ?? 0)) this.inStep = false;
  }

  /**
   * The ms to add to its timestamps, as the time line continues them, to follow the active source: 0 for the same stream that is
   * not too late. Otherwise packets that came at the same moment get the same time, plus what the newest key frame needs to
   * follow the stream's newest picture.
   */
  get shift(): number {
    const shift = this.#shift;
    return shift + this.#early(shift);
  }

  /** The part of the shift that the key frame needs. The next takeover takes it back, so that time follows the wall clock. */
  get ahead(): number {
    const shift = this.#shift;
    return this.inStep && shift === 0 ? this.#timeline.ahead : this.#early(shift);
  }

  /** How much sooner packets come from it than from the active source, ms; negative if later. */
  get lead(): number {
    return -(this.#lag ?? this.#lagNow ?? 0);
  }

  get #shift(): number {
    const timeline = this.#timeline;
    const byArrival = this.#lagNow;
    if (byArrival === undefined) return 0;
    if (this.inStep && this.#near(this.lead)) return 0;
    // Packets that come together after a pause do not show how late they are.
    const late = this.#lag ?? byArrival;
    if (Math.abs(late) <= Math.min(SAME_CLOCK_MS, this.#owner.config.switch_after)) return -timeline.ahead;
    if (this.steadySince <= timeline.newestAt) return late - timeline.ahead;
    // It came after the active source's silence began, so its delay cannot be measured.
    const from = this.#steadyFrom ?? this.newest;
    const first = from === undefined ? 0 : this.#placed(from.kind, from.track, from.timestamp, 0);
    const behind = timeline.newest + BRIDGE_STEP_MS - first;
    return this.#lag === undefined ? behind : Math.min(behind, late - timeline.ahead);
  }

  /** How far its newest packet is behind where the stream would be at its arrival. */
  get #lagNow(): number | undefined {
    const timeline = this.#timeline;
    if (this.#newest === undefined) return undefined;
    const newest = timeline.continued(this.#newestKind, this.#newestTrack, this.#newest);
    if (newest === undefined) return undefined;
    return Math.round(timeline.newest + this.source.lastMediaAt - timeline.newestAt) - newest;
  }

  /**
   * Whether the same stream can continue with this lead, where readers are. It must not be so late that another source is better
   * than waiting, nor so early that the gap is longer than what it holds or than viewers may lag.
   */
  #near(lead: number): boolean {
    const wait = Math.max(this.#owner.config.switch_after, this.#streamKeys.gopMs, this.#keys.gopMs);
    const max = Math.min(wait, MAX_LAG_MS);
    if (lead <= BRIDGE_STEP_MS) return -lead <= max;
    return lead + this.#timeline.early <= MAX_LAG_MS && (lead <= max || this.#reachesBack(max));
  }

  /** Whether what it holds begins at most `ms` after the stream's newest picture. */
  #reachesBack(ms: number): boolean {
    const first = this.#starts[0];
    const last = this.#timeline.times.of(PacketKind.Video, this.source.keyTrack);
    return first !== undefined && this.#placedKey(first.time, 0) <= last + ms;
  }

  /** Position in `held` of the first frame that readers can use, by its corrected clock; the end if there is none. */
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
    const date = source.dateAt(timestamp);
    this.#keys.add(timestamp, print, date);
    const time = this.#continuedKey(timestamp);
    const { newest } = this.#streamKeys;
    if (time === undefined || newest === undefined) return;
    if (this.#streamKeys.has(time, print, date)) this.inStep = true;
    // A key frame that is ahead has yet to come from the active source.
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

  /** A frame's step from its own track's newest: other tracks' clocks may have jumped apart. */
  #step(kind: PacketKind, track: number, timestamp: number): number {
    const greatest = this.#greatest.of(kind, track);
    if (greatest !== Number.NEGATIVE_INFINITY) return (timestamp - greatest) | 0;
    this.#greatest.set(kind, track, timestamp);
    return 0;
  }

  /** How much too early its newest key frame is to follow the stream's newest picture; 0 if it is far too early. */
  #early(shift: number): number {
    const key = this.#starts.at(-1)?.time;
    if (key === undefined || (this.inStep && shift === 0)) return 0;
    const last = this.#timeline.times.of(PacketKind.Video, this.source.keyTrack);
    const early = last + BRIDGE_STEP_MS - this.#placedKey(key, shift);
    // Readers wait no longer for the key frame than for a stall, and the next takeover takes the delay back.
    return early > 0 && early <= Math.min(EARLY_MS, this.#owner.config.switch_after) ? early : 0;
  }

  /** Drops held packets before the GOP that the stream is in. */
  #dropPast(): void {
    const timeline = this.#timeline;
    const { held } = this;
    if (timeline.newest === 0) return;
    const { lead } = this;
    // If the source is ahead, everything that readers have not received is kept.
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
   * The time on the stream's time line, by the distance to the newest timestamp, as a timestamp beyond the wrap would be unrolled
   * wrongly. Tracks of another source share one clock; those of the same stream have the offsets of the active source.
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

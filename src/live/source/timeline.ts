// Hot: place runs for each packet.
import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { Times, trackIndex } from "../log/times.ts";
import { type CorrectionKind, Corrections } from "./corrections.ts";
import { MAX_REORDER_MS, TrackTime } from "./track-time.ts";

/** How a stream's timestamps are treated; the names are those of SRS's `time_jitter`. */
export type TimeJitter = "full" | "zero" | "off";

/** A step ahead of up to this many ms more than the wall clock shows is left as the encoder sent it. */
const NORMAL_STEP_MS = 3000;
/** A source's clock may run slower than the wall clock by this much, ms in each ms. */
const SLOWEST_CLOCK = 0.001;
/** Maximum distance of the tracks of a source. */
const SKEW_MS = 10_000;
/** A track whose clock is within this many ms of an earlier one, its own or another track's, gets that offset again. */
const SAME_CLOCK_MS = 500;
/** The distance from one source's newest packet to the next source's first; pictures of two sources are never closer. */
export const BRIDGE_STEP_MS = 40;

/** How another source continues the time line: see `Timeline.takeOver`. */
export interface Takeover {
  readonly kind: PacketKind;
  readonly track: number;
  readonly timestamp: number;
  readonly shift: number;
  readonly ahead: number;
  readonly inStep: boolean;
  readonly lead: number;
}

/**
 * One stream's time. It unrolls the 32-bit wrap and bridges the jumps of a restarted encoder or another source, once for all
 * readers. `full` never runs back on a track, except for video in presentation order; `zero` starts at zero, also when the
 * clock runs behind that, and keeps this distance when the source changes; `off` only unrolls. Sparse streams are not changed: a
 * long step that the wall clock confirms is no jump. Nor is the step with which a source that fell behind catches up by leaving
 * packets out.
 *
 * Each track has its own offset. A track that jumps continues where the wall clock says. Another track that jumps by the same
 * amount follows it, so that their distance stays; one that does not jump keeps its offset.
 */
export class Timeline {
  /** May change at any time; earlier packets keep their times. */
  mode: TimeJitter;
  /** Corrections of timestamps so far. */
  readonly corrections: Corrections;
  /** Newest time of each track, and of data. */
  readonly times = new Times();
  /** By `trackIndex`. */
  readonly #tracks: (TrackTime | undefined)[] = [];
  /** Unrolled timestamp of the newest packet; undefined before the stream's first. */
  #raw: number | undefined;
  /** The next packet is the first of its source. */
  #fresh = true;
  /** The offset of tracks that have not begun: that of the track that jumped last. */
  #offset = 0;
  /** Sum of all jumps that did not follow another track's. */
  #jumped = 0;
  /** The last such jump, ms, and when it came, monotonic ms. */
  #lastJump = 0;
  #jumpedAt = 0;
  /** Newest time of all tracks; undefined before the stream's first packet. */
  #newest: number | undefined;
  #newestAt = 0;
  /** The maximum of the source's time minus the wall clock, ms: its position when nothing delays it. */
  #lead = Number.NEGATIVE_INFINITY;
  #bridged = 0;
  #ahead = 0;
  #early = 0;

  constructor(mode: TimeJitter, corrections = new Corrections()) {
    this.mode = mode;
    this.corrections = corrections;
  }

  /** Newest time, ms; 0 before the first packet. */
  get newest(): number {
    return this.#newest ?? 0;
  }

  /** Jumps bridged so far: of a source's clock, and from one source to the next. */
  get bridged(): number {
    return this.#bridged;
  }

  /** The arrival of the newest packet, monotonic ms. */
  get newestAt(): number {
    return this.#newestAt;
  }

  /** Whether times of two sources can be compared: not when they pass unchanged. */
  get comparable(): boolean {
    return this.mode !== "off";
  }

  /** How far the sources' time is ahead because takeovers moved it later, ms. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Extra delay (ms) that viewers have because a source that was ahead took over. */
  get early(): number {
    return this.#early;
  }

  /** Whether a track's timestamps are in presentation order and pass unchanged. */
  reordered(kind: PacketKind, track: number): boolean {
    return this.#tracks[trackIndex(kind, track)]?.reordered ?? false;
  }

  /** Another source begins: its first packet continues the time line, whatever its clock says. */
  newSource(): void {
    this.#fresh = true;
    this.#ahead = 0;
    this.#lead = Number.NEGATIVE_INFINITY;
    for (const track of this.#tracks) track?.newSource();
  }

  /**
   * The time of a packet if its source has the clock of the one before; undefined if there was none. For data, `kind` and
   * `track` may be those of any track.
   */
  continued(kind: PacketKind, track: number, timestamp: number): number | undefined {
    if (this.#raw === undefined) return undefined;
    const known = kind === PacketKind.Data ? undefined : this.#tracks[trackIndex(kind, track)];
    return this.#unrolled(known?.raw, timestamp, 0) + (known?.offset ?? this.#offset);
  }

  /** A new source has turned out to continue the clock of the one before, as this packet shows. */
  resume(kind: PacketKind, track: number, timestamp: number): void {
    const known = this.#track(kind, track);
    this.#raw = this.#unrolled(known.raw, timestamp, 0);
    known.raw = this.#raw;
    this.#fresh = false;
  }

  /**
   * Another source continues, whose clock this packet shows. `shift` ms are added to the result of `continued`, of which `ahead`
   * will be taken back. Its tracks have the offsets of the source before (`inStep`), or all share one clock. `lead` is how much
   * sooner it comes, if it is the same stream.
   */
  takeOver({ kind, track, timestamp, shift, ahead, inStep, lead }: Takeover): void {
    // The source begins the stream: there is nothing to continue.
    if (this.#newest === undefined) return;
    const added = this.mode === "off" ? 0 : shift;
    const offset = (this.#tracks[trackIndex(kind, track)]?.offset ?? this.#offset) + added;
    this.resume(kind, track, timestamp);
    this.#lead = Number.NEGATIVE_INFINITY;
    for (const other of this.#tracks) {
      if (other === undefined) continue;
      other.newSource();
      if (inStep) other.delay(added);
      else other.restart(offset, this.#jumped);
    }
    this.#offset = inStep ? this.#offset + added : offset;
    this.#ahead = ahead;
    this.#early = Math.max(0, this.#early + lead);
    if (added !== 0) this.#bridged++;
  }

  /** Moves the source's time later. */
  delay(ms: number): void {
    this.#ahead += ms;
    if (this.mode === "off") return;
    this.#offset += ms;
    for (const track of this.#tracks) track?.delay(ms);
  }

  /**
   * The time on the time line of a packet with the wire's timestamp (uint32 ms), arriving at `now` (monotonic ms). For video,
   * `flags` are its `PacketFlag` bits, and `composed` says whether its composition time is not 0.
   */
  place(kind: PacketKind, track: number, timestamp: number, now: number, flags = 0, composed = false): number {
    const known = this.#track(kind, track);
    const silence = Math.max(0, now - known.arrived) || 0;
    const before = Number.isNaN(known.raw) ? this.#raw : known.raw;
    const raw = this.#unrolled(known.raw, timestamp, silence);
    const last = this.times.of(kind, track);
    if (this.#fresh) this.#begin(known, raw, last, now);
    else if (Number.isNaN(known.raw)) this.#join(known, raw);
    if (known.begun && raw - (before ?? raw) !== ((timestamp - (before ?? raw)) | 0))
      this.#count("wrap", kind, 2 ** 31);
    this.#fresh = false;
    this.#raw = raw;
    known.raw = raw;
    let time = raw + known.offset;
    if (this.mode === "full") time = this.#correct(kind, known, time, last, silence, now, flags, composed);
    else if (this.mode === "zero" && time < 0) time = this.#zeroAgain(kind, known, raw, time);
    known.begun = true;
    known.arrived = now;
    // Where time may run back for good, the newest packet is the last one.
    const full = this.mode === "full";
    this.times.set(kind, track, full ? Math.max(time, last) : time);
    if (this.#newest === undefined || time > this.#newest || !full) this.#newest = time;
    this.#lead = Math.max(this.#lead - (now - this.#newestAt) * SLOWEST_CLOCK, time - now);
    this.#newestAt = now;
    return time;
  }

  /** Begins a source: on the same clock if that fits (a relay that came back), otherwise directly after the last packet. */
  #begin(known: TrackTime, raw: number, last: number, now: number): void {
    if (this.mode === "off") {
      if (Number.isNaN(known.raw)) known.offset = this.#offset;
      return;
    }
    if (this.#newest === undefined) {
      this.#offset = this.mode === "zero" ? -raw : 0;
      known.offset = this.#offset;
      return;
    }
    if (Number.isNaN(known.raw)) known.offset = this.#offset;
    const time = raw + known.offset;
    // Decoders reject two frames of one track at one time.
    const follows = time >= this.#newest && time > last;
    if (follows && time - this.#newest <= now - this.#newestAt + NORMAL_STEP_MS) return;
    this.#offset = this.#newest + BRIDGE_STEP_MS - raw;
    for (const track of this.#tracks) track?.restart(this.#offset, this.#jumped);
    this.#bridged++;
  }

  /** The source's first packet on a track: uses the other tracks' clock, or if these differ, an offset that fits. */
  #join(known: TrackTime, raw: number): void {
    known.offset = this.#offset;
    known.jumped = this.#jumped;
    const newest = this.#newest ?? 0;
    if (Math.abs(raw + this.#offset - newest) <= SKEW_MS) return;
    for (const other of this.#tracks)
      if (other?.begun === true && Math.abs(raw + other.offset - newest) <= SKEW_MS) known.offset = other.offset;
  }

  /** Unrolls by `from`, where the track has it, otherwise by the newest packet of all. */
  #unrolled(from: number | undefined, timestamp: number, silence: number): number {
    const before = from === undefined || Number.isNaN(from) ? this.#raw : from;
    if (before === undefined) return timestamp;
    const step = (timestamp - before) | 0;
    // FFmpeg writes 31 bits: after 24.9 days its clock begins again at 0.
    const masked = (step << 1) >> 1;
    return before + (masked >= -NORMAL_STEP_MS && masked <= NORMAL_STEP_MS + silence ? masked : step);
  }

  #correct(
    kind: PacketKind,
    known: TrackTime,
    time: number,
    last: number,
    silence: number,
    now: number,
    flags: number,
    composed: boolean,
  ): number {
    const step = time - last;
    // The first packet on a track may be further back, as its clock is not known.
    const back = known.begun ? MAX_REORDER_MS : SKEW_MS;
    const normal = known.begun ? NORMAL_STEP_MS : SKEW_MS;
    const ahead = Math.max(normal + silence, this.#lead + now + NORMAL_STEP_MS - last);
    let placed = time;
    if (last >= 0 && (step < -back || step > ahead || this.#steppedBack(known, step, last, silence)))
      placed = this.#bridge(kind, known, last, silence, now);
    // A track that has not jumped for this long after another does not follow it.
    else if (now - this.#jumpedAt > SKEW_MS) known.jumped = this.#jumped;
    if (kind === PacketKind.Video) {
      if ((flags & PacketFlag.Key) !== 0) known.newGop();
      if (composed) known.compose();
      const marked = known.reordered;
      const passes = known.reorder(placed, last);
      if (known.reordered && !marked) this.#count("reordered", kind, last - placed);
      if (passes) return Math.max(placed, 0);
    }
    if (placed >= last && placed >= 0) return placed;
    this.#count("held", kind, Math.max(last, 0) - placed);
    return Math.max(last, 0);
  }

  /** A time before 0 with `zero`: far before it, the track's clock has restarted, and counts from 0 again as the others that restart do. */
  #zeroAgain(kind: PacketKind, known: TrackTime, raw: number, time: number): number {
    if (time < -(known.begun ? MAX_REORDER_MS : SKEW_MS)) {
      const follows = known.offset !== this.#offset && Math.abs(raw + this.#offset) <= SKEW_MS;
      if (!follows) {
        this.#offset = -raw;
        this.#bridged++;
        this.#count("jump", kind, time);
      }
      known.offset = this.#offset;
    }
    const placed = raw + known.offset;
    if (placed < 0) this.#count("held", kind, -placed);
    return Math.max(0, placed);
  }

  /** Whether a short step ahead leads to the clock before the track's last jump. */
  #steppedBack(known: TrackTime, step: number, last: number, silence: number): boolean {
    if (!known.begun || step <= MAX_REORDER_MS + silence) return false;
    return Math.abs(known.raw + known.offsetBefore - last - silence) <= SAME_CLOCK_MS;
  }

  /** A track's clock has jumped: its new time. */
  #bridge(kind: PacketKind, known: TrackTime, last: number, silence: number, now: number): number {
    const expected = last + Math.round(silence);
    const { offset, offsetBefore } = known;
    const pending = this.#jumped - known.jumped;
    // The jumps before the last one may have been another track's.
    const follows = pending !== 0 && known.follow(pending, this.#lastJump, expected);
    known.offsetBefore = offset;
    if (!follows) {
      this.#bridged++;
      if (!known.fit(offsetBefore, expected, SAME_CLOCK_MS) && !this.#fitAnother(known, expected)) {
        known.offset = Math.max(expected, last + 1) - known.raw;
        this.#lastJump = known.offset - offset;
        this.#jumped += this.#lastJump;
        this.#jumpedAt = now;
      }
      this.#offset = known.offset;
      this.#count("jump", kind, offset - known.offset);
    }
    known.jumped = this.#jumped;
    return known.raw + known.offset;
  }

  /** Gives a track the clock of another one, if that fits. */
  #fitAnother(known: TrackTime, expected: number): boolean {
    for (const other of this.#tracks)
      if (other !== known && other?.begun === true && known.fit(other.offset, expected, SAME_CLOCK_MS)) return true;
    return false;
  }

  #track(kind: PacketKind, track: number): TrackTime {
    const index = trackIndex(kind, track);
    while (this.#tracks.length <= index) this.#tracks.push(undefined);
    let known = this.#tracks[index];
    if (known === undefined) {
      known = new TrackTime();
      known.offset = this.#offset;
      known.jumped = this.#jumped;
      this.#tracks[index] = known;
    }
    return known;
  }

  #count(what: CorrectionKind, kind: PacketKind, byMs: number): void {
    this.corrections.add(what, trackNames[kind], byMs);
  }

  /**
   * The time of data and of sequence headers, which many encoders stamp with 0 whatever their clock says. One that is far off
   * gets the time of the media around it; none goes behind its own track, and none moves the time line.
   */
  placeBeside(kind: PacketKind, track: number, timestamp: number): number {
    if (this.#newest === undefined) return this.mode === "zero" ? 0 : timestamp;
    const time = this.continued(kind, track, timestamp) ?? timestamp;
    if (this.mode === "off") return time;
    const data = kind === PacketKind.Data;
    const own = this.times.of(kind, track);
    // A new source's timestamps say nothing while its clock is not known.
    const far = this.#fresh || Math.abs(time - this.#newest) > NORMAL_STEP_MS;
    const around = data || own === Number.NEGATIVE_INFINITY ? this.#newest : own;
    const placed = Math.max(far ? around : time, own, 0);
    if (data) this.times.set(kind, track, placed);
    if (placed !== time && timestamp !== 0) this.#count("moved", kind, placed - time);
    return placed;
  }
}

const trackNames = {
  [PacketKind.Audio]: "audio",
  [PacketKind.Video]: "video",
  [PacketKind.Data]: "data",
} as const;

import { PacketKind } from "../media/packet.ts";

/** How a stream's timestamps are treated; the names are SRS's `time_jitter`. */
export type TimeJitter = "full" | "zero" | "off";

/** A step of up to this many ms, either way, is the encoder's own business. */
const NORMAL_STEP_MS = 3000;
/** How far apart the tracks of a source may be. */
const SKEW_MS = 10_000;
/** What a bridged jump becomes; two sources' pictures are no nearer to each other. */
export const BRIDGE_STEP_MS = 40;

/** A time, ms, for each track, and one for data; -Infinity where there is none. */
export class Times {
  /** Audio of track t at 2t, video at 2t + 1. */
  readonly #tracks: number[] = [];
  #data = Number.NEGATIVE_INFINITY;

  of(kind: PacketKind, track: number): number {
    if (kind === PacketKind.Data) return this.#data;
    return this.#tracks[slotOf(kind, track)] ?? Number.NEGATIVE_INFINITY;
  }

  set(kind: PacketKind, track: number, time: number): void {
    if (kind === PacketKind.Data) {
      this.#data = time;
      return;
    }
    const slot = slotOf(kind, track);
    while (this.#tracks.length <= slot) this.#tracks.push(Number.NEGATIVE_INFINITY);
    this.#tracks[slot] = time;
  }

  copy(): Times {
    const copy = new Times();
    copy.#tracks.push(...this.#tracks);
    copy.#data = this.#data;
    return copy;
  }
}

/**
 * One stream's time: unrolls the 32-bit wrap and bridges the jumps of a restarted encoder or another source, once, for
 * all readers alike. `full` never runs back on a track; `zero` starts at zero and goes on at zero's distance when the source
 * changes; `off` only unrolls. Sparse streams are left alone: a long step that the wall clock confirms is no jump.
 */
export class Timeline {
  /** May change at any time: what was placed stays where it is. */
  mode: TimeJitter;
  /** Newest unrolled timestamp of a source; undefined before the stream's first packet. */
  #raw: number | undefined;
  /** The next packet is its source's first. */
  #fresh = true;
  #offset = 0;
  /** Newest time given out on any track; undefined before the stream's first packet. */
  #newest: number | undefined;
  #newestAt = 0;
  /** Newest time given out on each track, and to data. */
  readonly times = new Times();
  /** When each track's newest packet came, monotonic ms. */
  #arrived: number[] = [];
  /** How far from its newest the next packet of each track may be; 0 for the first of a source, which nothing is known of. */
  #tolerance: number[] = [];
  #bridged = 0;
  #ahead = 0;
  #early = 0;

  constructor(mode: TimeJitter) {
    this.mode = mode;
  }

  /** Newest time given out, ms; 0 before the first packet. */
  get newest(): number {
    return this.#newest ?? 0;
  }

  /** Jumps bridged so far. */
  get bridged(): number {
    return this.#bridged;
  }

  /** When its packet came, monotonic ms. */
  get newestAt(): number {
    return this.#newestAt;
  }

  /** Whether times of two sources can be held against each other: not when they pass as they come. */
  get comparable(): boolean {
    return this.mode !== "off";
  }

  /** How far the sources' time is ahead of where it lay when they took over, ms: they were put later to fit. */
  get ahead(): number {
    return this.#ahead;
  }

  /** How much sooner things come since sources took over that were ahead, ms: by so much do viewers lie behind what comes. */
  get early(): number {
    return this.#early;
  }

  /** Another source begins: its first packet continues the time line, whatever its own clock says. */
  newSource(): void {
    this.#fresh = true;
    this.#tolerance = [];
    this.#ahead = 0;
  }

  /** Where a packet lies if its source's clock is the one that went before; undefined when there was none. */
  continued(timestamp: number): number | undefined {
    return this.#raw === undefined ? undefined : this.#unrolled(timestamp) + this.#offset;
  }

  /** A new source turned out to go on with the clock of the one before. */
  resume(timestamp: number): void {
    this.#raw = this.#unrolled(timestamp);
    this.#fresh = false;
  }

  /**
   * Another source goes on, of whose clock `timestamp` is; `shift` ms are to be added to what `continued` makes of it, of
   * which `ahead` are too many. `lead` is how much sooner it comes, if it is the same stream.
   */
  takeOver(timestamp: number, shift: number, ahead: number, lead: number): void {
    // Nothing to go on from: it begins the stream.
    if (this.#newest === undefined) return;
    this.resume(timestamp);
    this.#tolerance = [];
    this.#ahead = ahead;
    this.#early = Math.max(0, this.#early + lead);
    if (this.mode === "off" || shift === 0) return;
    this.#offset += shift;
    this.#bridged++;
  }

  /** The source's time is put so much later. */
  delay(ms: number): void {
    this.#ahead += ms;
    if (this.mode !== "off") this.#offset += ms;
  }

  /** The place on the time line of a packet with the wire's timestamp (uint32 ms), arriving at `now` (monotonic ms). */
  place(kind: PacketKind, track: number, timestamp: number, now: number): number {
    const raw = this.#unrolled(timestamp);
    if (this.#fresh) this.#begin(raw, this.times.of(kind, track), now);
    this.#fresh = false;
    this.#raw = raw;
    let time = raw + this.#offset;
    const slot = slotOf(kind, track);
    if (this.mode === "full") time = this.#correct(time, raw, slot, this.times.of(kind, track), now);
    // The first packet of another track may lie before the one that was put at zero.
    else if (this.mode === "zero") time = Math.max(0, time);
    while (this.#tolerance.length <= slot) this.#tolerance.push(0);
    this.times.set(kind, track, time);
    this.#arrived[slot] = now;
    this.#tolerance[slot] = NORMAL_STEP_MS;
    // Where time may run back, the newest is the one that came last.
    if (this.#newest === undefined || time > this.#newest || this.mode !== "full") this.#newest = time;
    this.#newestAt = now;
    return time;
  }

  /** Where a new source's first packet goes: on with the same clock when it fits (a relay that came back), else just behind. */
  #begin(raw: number, last: number, now: number): void {
    if (this.mode === "off") return;
    if (this.#newest === undefined) {
      this.#offset = this.mode === "zero" ? -raw : 0;
      return;
    }
    const step = raw + this.#offset - this.#newest;
    // Two frames of one track at one time are one too many for decoders.
    const follows = step >= 0 && raw + this.#offset > last;
    if (follows && step <= now - this.#newestAt + NORMAL_STEP_MS) return;
    this.#offset = this.#newest + BRIDGE_STEP_MS - raw;
    this.#bridged++;
  }

  #unrolled(timestamp: number): number {
    if (this.#raw === undefined) return timestamp;
    const step = (timestamp - this.#raw) | 0;
    // FFmpeg writes 31 bits: after 24.9 days its clock goes on from 0.
    const masked = (step << 1) >> 1;
    return this.#raw + (Math.abs(masked) <= NORMAL_STEP_MS ? masked : step);
  }

  #correct(time: number, raw: number, slot: number, last: number, now: number): number {
    const tolerance = this.#tolerance[slot] ?? 0;
    let placed = time;
    if (tolerance > 0) {
      const step = time - last;
      const silence = now - (this.#arrived[slot] ?? now);
      if (step < -tolerance || step > tolerance + silence) {
        placed = Math.max(this.#newest ?? 0, last) + BRIDGE_STEP_MS;
        this.#offset = placed - raw;
        this.#bridged++;
        this.#expectSkew();
      }
    }
    return Math.max(placed, last, 0);
  }

  /** A jump was bridged by the track that showed it first: the others keep their distance to it, which may be a long one. */
  #expectSkew(): void {
    for (let slot = 0; slot < this.#tolerance.length; slot++)
      if ((this.#tolerance[slot] ?? 0) > 0) this.#tolerance[slot] = SKEW_MS;
  }

  /**
   * The place of data and of sequence headers, which many encoders stamp with 0 whatever their clock says: one that is far
   * off gets the time of the media around it, none goes behind its own track, and none moves the time line.
   */
  placeBeside(kind: PacketKind, track: number, timestamp: number): number {
    if (this.#newest === undefined) return this.mode === "zero" ? 0 : timestamp;
    const time = this.#unrolled(timestamp) + this.#offset;
    if (this.mode === "off") return time;
    const data = kind === PacketKind.Data;
    const own = this.times.of(kind, track);
    // What a new source stamps by a clock that is not known yet says nothing.
    const far = this.#fresh || Math.abs(time - this.#newest) > NORMAL_STEP_MS;
    const around = data || own === Number.NEGATIVE_INFINITY ? this.#newest : own;
    const placed = Math.max(far ? around : time, own, 0);
    if (data) this.times.set(kind, track, placed);
    return placed;
  }
}

function slotOf(kind: PacketKind, track: number): number {
  return track * 2 + (kind === PacketKind.Video ? 1 : 0);
}

// Hot: classify runs for each packet of a source that may repeat packets.
import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { Times, trackIndex } from "../log/times.ts";
import { fingerprint, KeyframeHistory } from "./keyframe-history.ts";
import type { SourceInfo } from "./source.ts";
import { BRIDGE_STEP_MS, type Timeline } from "./timeline.ts";

/**
 * The class of a new source's packet: `repeated`, readers have received it; `late`, its time has passed, and the source sends
 * another stream; `other`, the first packet of a source that does not continue the one before; `next`, readers get it next.
 */
export type ResumeClass = "repeated" | "late" | "other" | "next";

/** What tells a new source that continues the one before from an encoder that sends a file again. */
export interface ResumingSource {
  readonly info: Pick<SourceInfo, "via" | "hops">;
  /** The date of the frame with this timestamp, Unix ms; undefined where it is not told. */
  dateAt(timestamp: number): number | undefined;
}

/** Tracks of a source may be this far apart. A source this far past the newest packet sent repeats nothing more. */
const SKEW_MS = 10_000;
/** Sound of another source must not overlap the last sound of the one before; audio frames take 20 ms or more. */
const MIN_SOUND_STEP_MS = 10;
/** A source that steps back this far while it repeats has restarted its clock. */
const JUMP_MS = 3000;

interface Last {
  timestamp: number;
  length: number;
  tail: number;
}

/*
 * newSource ──> unknown ──(begins with a key frame that readers have received)──> same ──┐
 *                  └──(anything else)────────────────────────────────────────────────────┼──(past all that was sent)──> over
 * takeOver ────────────────────────────────────────────────────────────> same | other ──┘
 */
type State = "unknown" | "same" | "other" | "over";

/**
 * Recognises a source that continues where another stopped. A relay that reconnects begins with the newest GOP. If that is the
 * GOP in which the connection was lost, readers get the rest of it without a break. The same holds for a standby that was in
 * step; packets of any other source are left out if their time has passed. An encoder that begins again is another source, even if
 * it sends the same file.
 */
export class ResumeFilter {
  /** The newest key frames, by their times on the time line, of the last source only. */
  readonly keys = new KeyframeHistory();
  readonly #timeline: Timeline;
  #state: State = "unknown";
  /** The newest time of each track that readers had received when the source began. */
  #hasSent = new Times();
  /** The newest time of each track that was compared with `#hasSent`. */
  #compared = new Times();
  #until = 0;
  /** The newest packet of each track, by the source's own clock, at `trackIndex`. */
  readonly #last: Last[] = [];
  /** The source that began last. */
  #source: ResumingSource | undefined;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Whether nothing is left to classify. */
  get over(): boolean {
    return this.#state === "over";
  }

  /** Whether the new source has not been recognised yet. */
  get unknown(): boolean {
    return this.#state === "unknown";
  }

  /** Whether the new source continues what the one before sent. */
  get same(): boolean {
    return this.#state === "same";
  }

  /** Another source begins. */
  newSource(source: ResumingSource): void {
    this.#source = source;
    this.#state = "unknown";
  }

  /** A standby takes over with a corrected clock: the `same` stream by another path, or another stream. */
  takeOver(same: boolean): void {
    if (!same) this.keys.clear();
    this.#begin(same || this.#timeline.comparable ? (same ? "same" : "other") : "over");
  }

  #begin(state: State): void {
    this.#state = state;
    this.#hasSent = this.#timeline.times.copy();
    this.#compared = new Times();
    this.#until = this.#timeline.newest + SKEW_MS;
  }

  /** The stream has received a key frame of this date, which identifies its GOP. */
  key(time: number, payload: Uint8Array, date: number | undefined): void {
    this.keys.add(time, fingerprint(payload), date);
  }

  /** The stream has received a frame with this timestamp on the wire. */
  took(kind: PacketKind, track: number, timestamp: number, payload: Uint8Array): void {
    const index = trackIndex(kind, track);
    while (this.#last.length <= index) this.#last.push({ timestamp: -1, length: 0, tail: 0 });
    const last = this.#last[index];
    if (last === undefined) return;
    last.timestamp = timestamp;
    last.length = payload.length;
    last.tail = tailOf(payload);
  }

  /** No source will resume this stream. */
  forget(): void {
    this.keys.clear();
    this.#last.length = 0;
  }

  /** Classifies an audio or video frame of the new source by its wire timestamp and payload. */
  classify(kind: PacketKind, track: number, flags: number, timestamp: number, payload: Uint8Array): ResumeClass {
    if (this.#state === "unknown") {
      const time = this.#timeline.continued(kind, track, timestamp);
      const key = kind === PacketKind.Video && (flags & PacketFlag.Key) !== 0;
      if (!key || time === undefined || !this.#repeats(time, timestamp, payload)) {
        this.#state = "over";
        this.keys.clear();
        return "other";
      }
      this.#timeline.resume(kind, track, timestamp);
      this.#begin("same");
    }
    const time = this.#timeline.continued(kind, track, timestamp) ?? 0;
    if (this.#past(kind, track, time)) {
      if (this.#state === "other") return "late";
      // The clock may have stepped back: readers then lack what follows, although its time has passed.
      if (this.#isLast(kind, track, timestamp, payload)) this.#hasSent.set(kind, track, Number.NEGATIVE_INFINITY);
      return "repeated";
    }
    if (this.#state === "other" && kind === PacketKind.Video) this.#keepApart(this.#hasSent.of(kind, track), time);
    // The source repeats nothing more on this track: a later step back of the clock is the encoder's.
    this.#hasSent.set(kind, track, Number.NEGATIVE_INFINITY);
    if (time > this.#until) this.#state = "over";
    return "next";
  }

  /** Whether readers have received a packet of that track and timestamp, or a later one, from the source before. */
  hasSent(kind: PacketKind, track: number, timestamp: number): boolean {
    if (this.#state !== "same" && this.#state !== "other") return false;
    return (this.#timeline.continued(kind, track, timestamp) ?? 0) <= this.#hasSent.of(kind, track);
  }

  /**
   * Whether the new source begins with a key frame that readers have received. A client that is no server of this kind tells no dates: an
   * encoder that sends a file again begins as the source before began, and a relay of another kind begins with its newest GOP.
   */
  #repeats(time: number, timestamp: number, payload: Uint8Array): boolean {
    const source = this.#source;
    const mayBeEncoder = source?.info.via === "client" && source.info.hops.length === 0;
    if (mayBeEncoder && this.keys.beganAt(time)) return false;
    return this.keys.has(time, fingerprint(payload), source?.dateAt(timestamp));
  }

  /** Delays another source's first picture: too soon after the last picture, players would show both at once or skip one. */
  #keepApart(last: number, time: number): void {
    if (time < last + BRIDGE_STEP_MS) this.#timeline.delay(last + BRIDGE_STEP_MS - time);
  }

  #isLast(kind: PacketKind, track: number, timestamp: number, payload: Uint8Array): boolean {
    const last = this.#last[trackIndex(kind, track)];
    return last?.timestamp === timestamp && last.length === payload.length && last.tail === tailOf(payload);
  }

  #past(kind: PacketKind, track: number, time: number): boolean {
    const apart = this.#state === "other" && kind === PacketKind.Audio ? MIN_SOUND_STEP_MS : 1;
    if (time >= this.#hasSent.of(kind, track) + apart) return false;
    const last = this.#compared.of(kind, track);
    if (time < last - JUMP_MS) {
      this.#state = "over";
      return false;
    }
    if (time > last) this.#compared.set(kind, track, time);
    return true;
  }
}

/** The last four bytes, in which two frames of one time and one length differ, if at all. */
function tailOf(payload: Uint8Array): number {
  let tail = 0;
  for (let at = Math.max(0, payload.length - 4); at < payload.length; at++) tail = (tail << 8) | (payload[at] ?? 0);
  return tail;
}

/** Whether two payloads have the same bytes. */
export function samePayload(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

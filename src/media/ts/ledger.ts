// Hot: one entry for each packet of each stream that is watched as MPEG-TS.

import type { VideoConfig } from "../video-config.ts";
import type { Multiplexer } from "./multiplexer.ts";
import type { Program } from "./program.ts";
import type { AacConfig } from "./tracks.ts";

const FIRST_CAPACITY = 64;

/** The rarely changing part of the state, in force from a packet on. */
interface Era {
  readonly seq: number;
  readonly video: VideoConfig | undefined;
  readonly audio: AacConfig | undefined;
  readonly program: Program;
  readonly announced: Program;
}

class Ring {
  readonly mask: number;
  readonly psi: Uint32Array;
  readonly video: Uint32Array;
  readonly audio: Uint32Array;
  readonly fields: Uint32Array;
  readonly clocks: Float64Array;
  readonly pauses: Float64Array;
  readonly runs: Uint8Array;
  /** The packet's decoding time, ms. */
  readonly dts: Float64Array;

  constructor(capacity: number) {
    this.mask = capacity - 1;
    this.psi = new Uint32Array(capacity);
    this.video = new Uint32Array(capacity);
    this.audio = new Uint32Array(capacity);
    this.fields = new Uint32Array(capacity);
    this.clocks = new Float64Array(capacity);
    this.pauses = new Float64Array(capacity);
    this.runs = new Uint8Array(capacity);
    this.dts = new Float64Array(capacity);
  }

  copy(from: Ring, start: number, end: number): void {
    for (let seq = start; seq <= end; seq++) {
      const [at, to] = [seq & from.mask, seq & this.mask];
      this.psi[to] = from.psi[at] as number;
      this.video[to] = from.video[at] as number;
      this.audio[to] = from.audio[at] as number;
      this.fields[to] = from.fields[at] as number;
      this.clocks[to] = from.clocks[at] as number;
      this.pauses[to] = from.pauses[at] as number;
      this.runs[to] = from.runs[at] as number;
      this.dts[to] = from.dts[at] as number;
    }
  }
}

/**
 * The state of a multiplexer before each packet of a log in [start, end], so that each packet can be encoded by itself, at any
 * time, with its continuity counters.
 */
export class Ledger {
  /** The first packet whose state is known, and the one after the last planned one. */
  start = 0;
  end = 0;
  #ring = new Ring(FIRST_CAPACITY);
  /** Oldest first. The last one at or before a packet is in force there. */
  #eras: Era[] = [];

  /** Restarts at a packet with a state. */
  begin(seq: number, state: Multiplexer): void {
    this.start = seq;
    this.end = seq;
    this.#eras = [];
    this.#record(seq, state);
  }

  /** Replaces the state recorded at `end`: headers were set. */
  amend(state: Multiplexer): void {
    this.#record(this.end, state);
  }

  /** The packet at `end` was planned with this decoding time (ms); `state` is the one after it. */
  push(dts: number, state: Multiplexer): void {
    if (this.end + 1 - this.start > this.#ring.mask) {
      const larger = new Ring(2 * (this.#ring.mask + 1));
      larger.copy(this.#ring, this.start, this.end);
      this.#ring = larger;
    }
    this.#ring.dts[this.end & this.#ring.mask] = dts;
    this.#record(++this.end, state);
  }

  /** Sets a multiplexer to the state before a packet in [start, end]. */
  restore(seq: number, into: Multiplexer): void {
    const ring = this.#ring;
    const at = seq & ring.mask;
    into.psiCount = ring.psi[at] as number;
    into.videoCount = ring.video[at] as number;
    into.audioCount = ring.audio[at] as number;
    into.fieldCount = ring.fields[at] as number;
    into.clock = ring.clocks[at] as number;
    into.pause = ring.pauses[at] as number;
    into.audioRun = ring.runs[at] as number;
    let index = this.#eras.length - 1;
    while (index > 0 && (this.#eras[index] as Era).seq > seq) index--;
    const era = this.#eras[index];
    if (era === undefined) return;
    into.video.config = era.video;
    into.audio.config = era.audio;
    into.program = era.program;
    into.announced = era.announced;
  }

  /** The decoding time, ms, of a packet in [start, end). */
  dtsAt(seq: number): number {
    return this.#ring.dts[seq & this.#ring.mask] as number;
  }

  /** Number of transport packets of the packets in [from, to). */
  packets(from: number, to: number, withVideo: boolean): number {
    const ring = this.#ring;
    const [a, b] = [from & ring.mask, to & ring.mask];
    const sound =
      2 * ((ring.psi[b] as number) - (ring.psi[a] as number)) + (ring.audio[b] as number) - (ring.audio[a] as number);
    if (!withVideo) return sound >>> 0;
    return (
      (sound +
        (ring.video[b] as number) -
        (ring.video[a] as number) +
        (ring.fields[b] as number) -
        (ring.fields[a] as number)) >>>
      0
    );
  }

  /** Inserts the states of a ledger that ends where this one starts. Its counters are moved to fit. */
  prepend(before: Ledger): void {
    const [old, from] = [this.#ring, before.#ring];
    let capacity = old.mask + 1;
    while (this.end - before.start >= capacity) capacity *= 2;
    const ring = new Ring(capacity);
    ring.copy(from, before.start, this.start);
    const meet = this.start & ring.mask;
    const [psi, video, audio, fields] = [ring.psi[meet], ring.video[meet], ring.audio[meet], ring.fields[meet]] as [
      number,
      number,
      number,
      number,
    ];
    ring.copy(old, this.start, this.end);
    for (let seq = before.start; seq < this.start; seq++) {
      const at = seq & ring.mask;
      ring.psi[at] = (ring.psi[at] as number) + (ring.psi[meet] as number) - psi;
      ring.video[at] = (ring.video[at] as number) + (ring.video[meet] as number) - video;
      ring.audio[at] = (ring.audio[at] as number) + (ring.audio[meet] as number) - audio;
      ring.fields[at] = (ring.fields[at] as number) + (ring.fields[meet] as number) - fields;
    }
    this.#eras = [...before.#eras.filter(({ seq }) => seq < this.start), ...this.#eras];
    this.#ring = ring;
    this.start = before.start;
  }

  /** Drops the states before a packet. */
  dropUntil(seq: number): void {
    if (seq <= this.start) return;
    this.start = Math.min(seq, this.end);
    let unused = 0;
    while (unused + 1 < this.#eras.length && (this.#eras[unused + 1] as Era).seq <= this.start) unused++;
    if (unused > 0) this.#eras.splice(0, unused);
  }

  #record(seq: number, state: Multiplexer): void {
    const ring = this.#ring;
    const at = seq & ring.mask;
    ring.psi[at] = state.psiCount;
    ring.video[at] = state.videoCount;
    ring.audio[at] = state.audioCount;
    ring.fields[at] = state.fieldCount;
    ring.clocks[at] = state.clock;
    ring.pauses[at] = state.pause;
    ring.runs[at] = state.audioRun;
    const last = this.#eras.at(-1);
    const { program, announced } = state;
    const { config: video } = state.video;
    const { config: audio } = state.audio;
    const same =
      last?.video === video && last?.audio === audio && last?.program === program && last?.announced === announced;
    if (last === undefined || !same) this.#eras.push({ seq, video, audio, program, announced });
  }
}

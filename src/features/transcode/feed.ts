import type { PacketSink } from "../../live/readers/format.ts";
import { type PacketRange, packetFormat } from "../../live/readers/packet-reader.ts";
import type { Reader } from "../../live/readers/reader.ts";
import { isHeader } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { Packet, PacketKind } from "../../media/packet.ts";
import { RUN_START_MS } from "./arguments.ts";
import type { InputMuxer } from "./input-muxer.ts";
import type { FedTimes } from "./output-track.ts";
import { STEP_BACK_MS } from "./result.ts";

/** The times of a track of which FFmpeg has got nothing: no output of it is taken. */
const NOTHING_FED: FedTimes = { first: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY };
/** A run that is this far behind skips to the newest key frame. */
const MAX_LAG_MS = 5000;
/** FFmpeg's clocks have 31 bits: a run ends before its time reaches them. */
const MAX_RUN_MS = 2 ** 31 - 3_600_000;

/** The run that a feed gives packets to. */
export interface FedRun {
  readonly blocked: boolean;
  feed(bytes: Uint8Array, packets: number): boolean;
}

/** What a feed needs to know of a stream's tracks. */
export interface FedTracks {
  /** Their sequence headers. */
  readonly headers: readonly Packet[];
  /** The time from which a track has its present codec and configuration, ms. */
  since(kind: PacketKind): number;
  /** A track's newest time, ms. */
  newest(kind: PacketKind): number;
  /** Whether a payload has the present codec of its track. */
  hasCodec(kind: PacketKind, payload: Uint8Array): boolean;
}

/** Notifications for the owner of a feed. */
export interface FeedEvents {
  /** The first packets are here: starts the run that gets them. `startsAt` is the source's time of the first. */
  begin(startsAt: number): FedRun;
  /** Packets of this duration were left out. */
  skipped(ms: number): void;
  /** The run must end, and another one has to follow. */
  expired(why: string): void;
}

/** Gives a stream to one run of FFmpeg, from a key frame on, with times that begin at `RUN_START_MS`. */
export class Feed implements PacketSink {
  readonly batched = true;
  readonly #stream: Stream;
  readonly #tracks: FedTracks;
  readonly #muxer: InputMuxer;
  readonly #events: FeedEvents;
  #reader: Reader<PacketRange>;
  #run: FedRun | undefined;
  /** The source's time that is 0 in FFmpeg. */
  #base = 0;
  /** The times of what FFmpeg got, of each kind: audio and video may be far apart. */
  readonly #fed = new Map<PacketKind, { readonly first: number; newest: number }>();
  #left = false;

  constructor(stream: Stream, tracks: FedTracks, muxer: InputMuxer, events: FeedEvents) {
    this.#stream = stream;
    this.#tracks = tracks;
    this.#muxer = muxer;
    this.#events = events;
    this.#reader = stream.tap(this, { skipped: () => undefined });
  }

  get bytesQueued(): number {
    return this.#run?.blocked ? 1 : 0;
  }

  /** How far FFmpeg's input is behind the stream, ms. */
  get lagMs(): number {
    return this.#stream.lagMs(this.#reader);
  }

  /** The times of the packets of a kind that FFmpeg got. */
  timesOf(kind: PacketKind): FedTimes {
    return this.#fed.get(kind) ?? NOTHING_FED;
  }

  /** Skips to the newest key frame if the run is too slow and there is a newer one. */
  catchUp(): void {
    if (this.#left || this.lagMs <= MAX_LAG_MS) return;
    const start = this.#stream.startPoint(packetFormat);
    if (start === undefined || start.seq <= this.#reader.position) return;
    this.#stream.leave(this.#reader);
    this.#reader = this.#stream.tap(this, {});
  }

  /** The run has room for more packets. */
  drained(): void {
    if (!this.#left) this.#reader.drained();
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#stream.leave(this.#reader);
  }

  send(range: PacketRange): boolean {
    if (this.#left) return true;
    const { start } = range;
    if (start !== undefined) this.#begin(start.time);
    const run = this.#run;
    if (run === undefined) return true;
    const packets: Packet[] = [];
    let hasSteppedBack = false;
    const latest = this.#stream.timeline.newest + STEP_BACK_MS;
    range.forEach(({ kind, time, payload, flags, track }) => {
      if (!this.#muxer.takes(kind, track)) return;
      // The cached GOP may begin with another codec, or another size.
      const since = this.#tracks.since(kind);
      if ((time < since && since < latest) || !this.#tracks.hasCodec(kind, payload)) return;
      packets.push(new Packet(kind, Math.max(0, time - this.#base), payload, flags, track));
      if (isHeader(flags)) return;
      // A run that audio began far ahead of the video would leave the video out: the next run begins with a key frame.
      const isBefore = kind === PacketKind.Video && time < this.#base;
      const fed = this.#fed.get(kind);
      hasSteppedBack ||= isBefore || (fed !== undefined && time < fed.newest - STEP_BACK_MS);
      if (fed === undefined) this.#fed.set(kind, { first: time, newest: time });
      else fed.newest = time;
    });
    if (packets.length === 0) return !run.blocked;
    if (hasSteppedBack || this.#latest - this.#base > MAX_RUN_MS) {
      this.#events.expired(hasSteppedBack ? "the source's time has stepped back" : "its time is over");
      return true;
    }
    return run.feed(this.#muxer.packets(packets), packets.length);
  }

  get #latest(): number {
    return Math.max(...[...this.#fed.values()].map(({ newest }) => newest), this.#base);
  }

  #begin(startsAt: number): void {
    const headers = this.#tracks.headers.filter(({ kind, track }) => this.#muxer.takes(kind, track));
    if (this.#run !== undefined) {
      this.#events.skipped(Math.max(0, startsAt - this.#latest));
      this.#run.feed(this.#muxer.headers(headers, startsAt - this.#base), 0);
      return;
    }
    this.#base = startsAt - RUN_START_MS;
    this.#run = this.#events.begin(startsAt);
    this.#run.feed(this.#muxer.begin(headers, RUN_START_MS), 0);
  }
}

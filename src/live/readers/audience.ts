import type { Clock } from "../../base/clock.ts";
import type { StartPoint } from "../log/start-point.ts";
import type { Demand } from "./demand.ts";
import { Fanout, type FanoutSource } from "./fanout.ts";
import type { Piece, ReaderEvents, ReaderFormat, Sink } from "./format.ts";
import { Notices } from "./notices.ts";
import { Reader } from "./reader.ts";

/** What an audience needs to know of its stream. */
export interface AudienceSource extends FanoutSource {
  /** Everything before this has been handed to the fan-outs. */
  readonly flushed: number;
  /** What a reader needs at `seq`, in the middle of the stream, when audio comes back to it. */
  audioStart(seq: number): StartPoint;
}

/**
 * All readers of a stream, by format. One that cannot have video before the next key frame gets all else until then:
 * it is blind, and stands in the format without video.
 */
export class Audience {
  readonly fanouts = new Map<ReaderFormat, Fanout>();
  readonly #source: AudienceSource;
  readonly #readers = new Set<Reader<Piece>>();
  /** Those that are told of the stream's epoch: few, among thousands of players. */
  readonly #epochReaders = new Set<Reader<Piece>>();
  readonly notices: Notices;
  /** The formats that blind readers wait for. */
  readonly #awaitingVideo = new Map<Reader<Piece>, ReaderFormat>();

  constructor(source: AudienceSource, clock: Clock) {
    this.#source = source;
    this.notices = new Notices(this.#readers, clock);
  }

  get size(): number {
    return this.#readers.size;
  }

  /** What each viewer asked with, the one who has been here longest first. */
  *demands(): Iterable<Demand> {
    for (const { demand } of this.#readers) if (demand !== undefined) yield demand;
  }

  /** Lets a reader in; nothing before `notBefore` starts it. */
  join<P extends Piece>(
    format: ReaderFormat,
    sink: Sink<P>,
    events: ReaderEvents,
    published: boolean,
    notBefore: number,
  ): Reader<P> {
    const fanout = this.#fanout(format);
    const reader = new Reader(fanout, sink, events);
    reader.announced = published;
    // It may share its sink with other readers, or with one that has just left.
    reader.blocked = (sink.bytesQueued ?? 0) > 0;
    this.#readers.add(reader);
    if (events.epoch !== undefined) this.#epochReaders.add(reader);
    fanout.admit(reader, notBefore);
    return reader;
  }

  /** False when it was gone already. */
  leave(reader: Reader<Piece>): boolean {
    if (!this.#readers.delete(reader)) return false;
    this.#awaitingVideo.delete(reader);
    this.#epochReaders.delete(reader);
    this.#remove(reader);
    reader.state = "closed";
    reader.countLoss(this.#source.log.end);
    return true;
  }

  pause(reader: Reader<Piece>): void {
    if (reader.state === "paused" || reader.state === "closed") return;
    const { end } = this.#source.log;
    const wanted = this.#awaitingVideo.get(reader);
    this.#awaitingVideo.delete(reader);
    this.#remove(reader);
    reader.state = "paused";
    // What it loses from here on is not for being slow, and what it has lost it cannot go on from.
    if (reader.countLoss(end)) reader.notBefore = end;
    if (wanted !== undefined) this.#move(reader, wanted);
    if (reader.stopPending) reader.tellStopped();
  }

  unpause(reader: Reader<Piece>): void {
    if (reader.state !== "paused") return;
    const { position, notBefore } = reader;
    const fanout = this.#fanout(reader.home.format);
    const start = this.#source.startPoint(fanout.format);
    const held = start !== undefined && position >= Math.max(start.seq, this.#source.log.start);
    // Where it may start, only a start point lets it go on.
    const sameGop = held && position > notBefore;
    if (sameGop) fanout.adopt(reader);
    else fanout.admit(reader, Math.max(position, notBefore));
  }

  reformat(reader: Reader<Piece>, format: ReaderFormat): void {
    if (reader.state === "closed" || format === (this.#awaitingVideo.get(reader) ?? reader.home.format)) return;
    this.#awaitingVideo.delete(reader);
    const begun = reader.state === "lagging" || reader.state === "current";
    const blind = begun && format.video && !reader.home.format.video;
    if (blind) this.#awaitingVideo.set(reader, format);
    this.#move(reader, blind ? format.withoutVideo : format);
  }

  /** Whether any reader is blind. */
  get hasAwaitingVideo(): boolean {
    return this.#awaitingVideo.size > 0;
  }

  /** There may be no key frame for long: readers that wait for one get the rest until then, fed by the flush that begins. */
  giveRestToWaiting(): void {
    for (const { format, waiting } of [...this.fanouts.values()]) {
      if (!format.video) continue;
      for (const reader of waiting) {
        this.#awaitingVideo.set(reader, format);
        this.#remove(reader);
        this.#fanout(format.withoutVideo).place(reader, reader.notBefore);
      }
    }
  }

  /** Blind readers have all before the key frame at `start`: they go on with it, fed by the flush under way. */
  bringVideoBack(start: StartPoint): void {
    for (const [reader, format] of this.#awaitingVideo) {
      // One that lags keeps its place and waits for another.
      if (reader.state === "lagging") continue;
      this.#awaitingVideo.delete(reader);
      this.#remove(reader);
      this.#fanout(format).place(reader, reader.notBefore, start);
    }
  }

  /** The stream's way here is another. */
  tellRerouted(): void {
    for (const reader of this.#readers) reader.events.rerouted?.();
  }

  /** The stream's epoch is another, or packets of the stream are lost. */
  tellEpoch(lost: boolean): void {
    for (const { events } of this.#epochReaders) events.epoch?.(lost);
  }

  /** Viewers who asked with words that the stream is not given for are told. */
  tellRefused(refused: (demand: Demand) => boolean, reason: string): void {
    for (const { demand, events } of this.#readers)
      if (demand !== undefined && refused(demand)) events.refused?.(reason);
  }

  /** Takes away fan-outs that have lost their last reader. */
  sweep(): void {
    for (const [format, fanout] of this.fanouts) if (fanout.size === 0) this.fanouts.delete(format);
  }

  #move(reader: Reader<Piece>, format: ReaderFormat): void {
    const before = reader.home.format;
    const { state } = reader;
    this.#remove(reader);
    const fanout = this.#fanout(format);
    if (state === "paused") {
      reader.home = fanout;
      // Where it stopped it had no video: it cannot go on there with it.
      if (format.video && !before.video) reader.notBefore = Math.max(reader.notBefore, reader.position);
    } else if (state === "waiting") fanout.admit(reader, reader.notBefore);
    else {
      if (format.audio && !before.audio) reader.start ??= this.#source.audioStart(reader.position);
      fanout.adopt(reader);
    }
  }

  /** Takes a reader out of its fan-out, and the fan-out away when it was the last: a client can make up ever new formats. */
  #remove(reader: Reader<Piece>): void {
    const { home } = reader;
    home.remove(reader);
    if (home.size === 0 && this.fanouts.get(home.format) === home) this.fanouts.delete(home.format);
  }

  #fanout(format: ReaderFormat): Fanout {
    let fanout = this.fanouts.get(format);
    if (fanout === undefined) {
      fanout = new Fanout(format, this.#source, this.#source.flushed);
      this.fanouts.set(format, fanout);
    }
    return fanout;
  }
}

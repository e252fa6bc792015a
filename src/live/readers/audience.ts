import type { Clock } from "../../base/clock.ts";
import { Round } from "../../base/round.ts";
import type { StartPoint } from "../log/start-point.ts";
import type { Demand } from "./demand.ts";
import { Fanout, type FanoutSource } from "./fanout.ts";
import type { Piece, ReaderEvents, ReaderFormat, Sink } from "./format.ts";
import { Notices } from "./notices.ts";
import { Reader } from "./reader.ts";

/** What an audience needs to know of its stream. */
export interface AudienceSource extends FanoutSource {
  /** Everything before this has been given to the fan-outs. */
  readonly flushed: number;
  /** What a reader needs at `seq`, in the middle of the stream, when audio comes back to it. */
  audioStart(seq: number): StartPoint;
}

/**
 * All readers of a stream, by format. A reader that cannot have video before the next key frame gets everything else until
 * then: it awaits video, in a fan-out of the format without video.
 */
export class Audience {
  readonly fanouts = new Map<ReaderFormat, Fanout>();
  readonly #source: AudienceSource;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader<Piece>>();
  /** Readers whose owners are notified of epochs: a few among thousands of players. */
  readonly #epochReaders = new Set<Reader<Piece>>();
  readonly notices: Notices;
  /** Number of readers that do not take batches. */
  #prompt = 0;
  /** Formats of the readers that await video. */
  readonly #awaitingVideo = new Map<Reader<Piece>, ReaderFormat>();

  constructor(source: AudienceSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.notices = new Notices(this.#readers, clock);
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Whether there are readers, and all of them take batches. */
  get batched(): boolean {
    return this.#prompt === 0 && this.#readers.size > 0;
  }

  /** The demand of each viewer, the longest-present first. */
  *demands(): Iterable<Demand> {
    for (const { demand } of this.#readers) if (demand !== undefined) yield demand;
  }

  /** Adds a reader; packets before `notBefore` do not start it. */
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
    // The sink may be shared with other readers, or with one that has just left.
    reader.blocked = (sink.bytesQueued ?? 0) > 0;
    this.#readers.add(reader);
    if (sink.batched !== true) this.#prompt++;
    if (events.epoch !== undefined) this.#epochReaders.add(reader);
    fanout.admit(reader, notBefore);
    return reader;
  }

  /** False if the reader was not in the audience any more. */
  leave(reader: Reader<Piece>): boolean {
    if (!this.#readers.delete(reader)) return false;
    if (reader.sink.batched !== true) this.#prompt--;
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
    // The reader's later losses are not due to slowness, and it cannot resume from earlier ones.
    if (reader.countLoss(end)) reader.notBefore = end;
    if (wanted !== undefined) this.#move(reader, wanted);
    if (reader.stopPending) reader.notifyStopped();
  }

  unpause(reader: Reader<Piece>): void {
    if (reader.state !== "paused") return;
    const { position, notBefore } = reader;
    const fanout = this.#fanout(reader.home.format);
    const start = this.#source.startPoint(fanout.format);
    const held = start !== undefined && position >= Math.max(start.seq, this.#source.log.start);
    // A reader at `notBefore` or before it can resume only at a start point.
    const sameGop = held && position > notBefore;
    if (sameGop) fanout.adopt(reader);
    else fanout.admit(reader, Math.max(position, notBefore));
  }

  reformat(reader: Reader<Piece>, format: ReaderFormat): void {
    if (reader.state === "closed" || format === (this.#awaitingVideo.get(reader) ?? reader.home.format)) return;
    this.#awaitingVideo.delete(reader);
    const begun = reader.state === "lagging" || reader.state === "current";
    const awaitsVideo = begun && format.video && !reader.home.format.video;
    if (awaitsVideo) this.#awaitingVideo.set(reader, format);
    this.#move(reader, awaitsVideo ? format.withoutVideo : format);
  }

  /** Whether any reader awaits video. */
  get hasAwaitingVideo(): boolean {
    return this.#awaitingVideo.size > 0;
  }

  /** Video has stopped: from the flush that begins now, readers that wait for a key frame get everything else until video is back. */
  giveRestToWaiting(): void {
    for (const { format, waiting } of [...this.fanouts.values()]) {
      if (!format.video) continue;
      for (const reader of waiting) {
        this.#awaitingVideo.set(reader, format);
        this.#remove(reader);
        this.#fanout(format.withoutVideo).add(reader, reader.notBefore);
      }
    }
  }

  /** Readers that await video have everything before the key frame at `start`: video resumes with it, in the flush under way. */
  bringVideoBack(start: StartPoint): void {
    for (const [reader, format] of this.#awaitingVideo) {
      // A lagging reader keeps its position and waits for another key frame.
      if (reader.state === "lagging") continue;
      this.#awaitingVideo.delete(reader);
      this.#remove(reader);
      this.#fanout(format).add(reader, reader.notBefore, start);
    }
  }

  /** The stream now comes through other servers. */
  notifyRerouted(): void {
    for (const reader of this.#readers) reader.events.rerouted?.();
  }

  /** The stream's epoch has changed, or packets of the stream are lost. */
  notifyEpoch(lost: boolean): void {
    for (const { events } of this.#epochReaders) events.epoch?.(lost);
  }

  /** Notifies the viewers whose parameters origins reject, in slices. */
  notifyRefused(refused: (demand: Demand) => boolean, reason: string): void {
    new Round(this.#clock, this.#readers, ({ demand, events }) => {
      if (demand !== undefined && refused(demand)) events.refused?.(reason);
    }).begin();
  }

  /** Removes fan-outs without readers. */
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
      // The reader had no video when it stopped: it cannot resume there with video.
      if (format.video && !before.video) reader.notBefore = Math.max(reader.notBefore, reader.position);
    } else if (state === "waiting") fanout.admit(reader, reader.notBefore);
    else {
      if (format.audio && !before.audio) reader.start ??= this.#source.audioStart(reader.position);
      fanout.adopt(reader);
    }
  }

  /** Removes a reader from its fan-out, and an empty fan-out at once: a client can cause any number of formats. */
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

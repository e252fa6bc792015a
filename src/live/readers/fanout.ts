// Hot: one round over all readers at each flush.
import { joined } from "../../base/memory.ts";
import type { PacketLog } from "../log/log.ts";
import type { StartPoint } from "../log/start-point.ts";
import type { Piece, ReaderFormat } from "./format.ts";
import { PacketFormat, PacketRange } from "./packet-reader.ts";
import type { Reader, ReaderHome } from "./reader.ts";

/** A lagging reader is fed in steps of about this many bytes, so that it costs little memory of its own. */
const STEP_BYTES = 64 * 1024;
/**
 * A round of this many readers takes long, so it begins with the newest: a reader that joined during the last round already has
 * that round's packets and would wait for two rounds. Shorter rounds begin with the oldest.
 */
const LONG_ROUND = 2000;
/** Encoded steps kept for the next reader that starts at the same position (many players joining one GOP). */
const MAX_CACHED_STEPS = 64;
/** Byte limit for these steps; a step of one large frame may take most of it. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024;

/** A reader that gets more bytes than this counts as several readers in a slice of a round, as the kernel copies each byte. */
const READER_BYTES = 8 * 1024;

/** What a fan-out needs to know of its stream. */
export interface FanoutSource {
  readonly log: PacketLog;
  /** Where a reader may start now: the newest GOP, the live edge of an audio-only stream, or undefined. */
  startPoint(format: ReaderFormat): StartPoint | undefined;
  /** Where waiting readers start with the packets of the next flush. */
  waitingStart(format: ReaderFormat): StartPoint | undefined;
  /** A lagging reader has caught up. */
  readerCaughtUp(): void;
}

interface Step {
  readonly piece: Piece;
  readonly to: number;
  /** Bytes of headers in it. */
  readonly headers: StartPoint["headers"] | undefined;
}

/**
 * All readers of one stream in one format. Current readers get each batch as the same piece; the others are fed from their own
 * positions until they have caught up.
 */
export class Fanout implements ReaderHome {
  readonly format: ReaderFormat;
  readonly #source: FanoutSource;
  /** Readers that have everything before `#position`; a hole is a reader that left during a round. */
  readonly #current: (Reader<Piece> | undefined)[] = [];
  #holes = 0;
  readonly #waiting = new Set<Reader<Piece>>();
  readonly #lagging = new Set<Reader<Piece>>();
  #position: number;
  /** The round under way: its batch, the batch's start, its number of readers, and how many of them are not served yet. */
  #batch: Piece | undefined;
  #from = 0;
  #all = 0;
  #left = 0;
  /** Encoded steps by start position: 2 × sequence number, plus 1 for a step with headers before it. */
  readonly #steps = new Map<number, Step>();
  #stepBytes = 0;
  #stepsUsed = false;

  /** `position` is the stream's flushed edge, the same for all its fan-outs. */
  constructor(format: ReaderFormat, source: FanoutSource, position: number) {
    this.format = format;
    this.#source = source;
    this.#position = position;
  }

  get size(): number {
    return this.#current.length - this.#holes + this.#waiting.size + this.#lagging.size;
  }

  /** Readers that wait for a start point. */
  get waiting(): Iterable<Reader<Piece>> {
    return this.#waiting;
  }

  /** Adds a reader as `add` does, and sends what it may have at once. */
  admit(reader: Reader<Piece>, notBefore: number): void {
    this.add(reader, notBefore);
    if (reader.state === "lagging" && !reader.blocked) this.#feed(reader);
  }

  /** Adds a reader: it starts at `start`, or waits for a start point that is not before `notBefore`. The next round feeds it. */
  add(reader: Reader<Piece>, notBefore: number, start = this.#source.startPoint(this.format)): void {
    reader.home = this;
    reader.notBefore = notBefore;
    if (start !== undefined && start.seq >= notBefore) {
      this.#start(reader, start);
      return;
    }
    reader.state = "waiting";
    this.#waiting.add(reader);
    if (reader.stopPending) reader.notifyStopped();
  }

  /** Moves a reader here from another fan-out of the stream, at its own position, without a gap. */
  adopt(reader: Reader<Piece>): void {
    reader.home = this;
    reader.state = "lagging";
    this.#lagging.add(reader);
    if (!reader.blocked) this.#feed(reader);
  }

  /** Removes a reader, whatever its state. */
  remove(reader: Reader<Piece>): void {
    this.#waiting.delete(reader);
    this.#lagging.delete(reader);
    this.#leaveCurrent(reader);
  }

  /** A blocked reader's sink has room again. */
  resume(reader: Reader<Piece>): void {
    if (reader.state !== "lagging") return;
    this.#feed(reader);
    if (reader.index >= 0) this.#source.readerCaughtUp();
  }

  /** Begins a round with the packets up to `to`. Readers that wait for a key frame start with it. */
  begin(to: number): void {
    if (to > this.#position) {
      if (this.#current.length > this.#holes) {
        this.#compact();
        const piece = this.#piece(this.#position, to, undefined);
        if (piece.length > 0) this.#batch = piece;
        this.#from = this.#position;
        this.#all = this.#current.length;
        this.#left = this.#all;
      }
      this.#position = to;
    }
    if (!this.#stepsUsed) this.#forgetSteps();
    this.#stepsUsed = false;
    if (this.#waiting.size > 0) this.#startWaiting();
  }

  /** Continues the round for up to `count` readers, or fewer if they get many bytes; false when it is finished. */
  run(count: number): boolean {
    let left = count;
    const batch = this.#batch;
    if (batch !== undefined) {
      const cost = costOf(batch.length);
      for (; this.#left > 0 && left > 0; left -= cost) {
        const reader = this.#nextOfRound();
        if (reader !== undefined && !reader.deliver(batch)) this.#fallBehind(reader);
      }
      if (this.#left > 0) return true;
      this.#batch = undefined;
    }
    for (const reader of this.#lagging) {
      // A reader that joined during this round may be ahead of it.
      if (reader.blocked || reader.position > this.#position) continue;
      if (left <= 0) return true;
      const { bytes } = reader;
      this.#feed(reader);
      left -= costOf(reader.bytes - bytes);
    }
    return false;
  }

  #nextOfRound(): Reader<Piece> | undefined {
    this.#left--;
    return this.#current[this.#all >= LONG_ROUND ? this.#left : this.#all - 1 - this.#left];
  }

  /** Whether a reader lags, so that the log may have to be kept for it. */
  get hasLagging(): boolean {
    return this.#lagging.size > 0;
  }

  /**
   * Readers whose next packet lies before `floor` lose the packets up to the newest key frame, or wait for one. Returns the
   * oldest packet that a reader still needs.
   */
  dropBefore(floor: number): number {
    // The round under way still sends these packets.
    let oldest = this.#batch === undefined ? this.#position : this.#from;
    for (const reader of this.#lagging) {
      if (reader.position < floor) this.#skip(reader);
      if (reader.state === "lagging" && reader.position < oldest) oldest = reader.position;
    }
    return oldest;
  }

  #skip(reader: Reader<Piece>): void {
    // A reader that never began has lost nothing.
    if (reader.lostFrom < 0 && reader.bytes > 0) reader.lostFrom = reader.position;
    const start = this.#source.startPoint(this.format);
    if (start !== undefined && start.seq > reader.position) {
      this.#start(reader, start);
      return;
    }
    this.#lagging.delete(reader);
    reader.state = "waiting";
    reader.notBefore = reader.position + 1;
    this.#waiting.add(reader);
    if (reader.stopPending) reader.notifyStopped();
  }

  #start(reader: Reader<Piece>, start: StartPoint): void {
    if (reader.countLoss(start.seq)) reader.skipPending = true;
    reader.position = start.seq;
    reader.start = start;
    reader.state = "lagging";
    this.#lagging.add(reader);
  }

  #startWaiting(): void {
    const start = this.#source.waitingStart(this.format);
    if (start === undefined) return;
    for (const reader of this.#waiting) {
      if (start.seq < reader.notBefore) continue;
      this.#waiting.delete(reader);
      this.#start(reader, start);
    }
  }

  #fallBehind(reader: Reader<Piece>): void {
    // The sink may have removed or paused the reader.
    if (reader.index < 0) return;
    this.#leaveCurrent(reader);
    reader.position = this.#position;
    reader.state = "lagging";
    this.#lagging.add(reader);
  }

  #leaveCurrent(reader: Reader<Piece>): void {
    if (reader.index < 0) return;
    // A round without packets for this format does not touch its readers: only the fan-out knows their position.
    const turn = this.#all >= LONG_ROUND ? reader.index : this.#all - 1 - reader.index;
    const pending = this.#batch !== undefined && turn >= 0 && turn < this.#left;
    reader.position = pending ? this.#from : this.#position;
    this.#current[reader.index] = undefined;
    reader.index = -1;
    this.#holes++;
  }

  /** Removes the holes. Never during a round, as it moves readers. */
  #compact(): void {
    if (this.#holes === 0) return;
    let to = 0;
    for (let from = 0; from < this.#current.length; from++) {
      const reader = this.#current[from];
      if (reader === undefined) continue;
      reader.index = to;
      this.#current[to++] = reader;
    }
    this.#current.length = to;
    this.#holes = 0;
  }

  /** Sends from the reader's own position until it is blocked or current. */
  #feed(reader: Reader<Piece>): void {
    if (reader.publishPending) reader.notifyPublished();
    if (reader.skipPending) reader.notifySkipped();
    // The owner may remove or pause the reader during the loop.
    while (reader.state === "lagging" && (reader.start !== undefined || reader.position < this.#position)) {
      const step = this.#step(reader.position, reader.start);
      reader.position = step.to;
      reader.start = undefined;
      if (step.piece.length > 0 && !reader.deliver(step.piece)) return;
    }
    // The reader starts at a key frame that is not flushed yet: the next batch begins before the key frame and is not for it.
    if (reader.state !== "lagging" || reader.position > this.#position) return;
    this.#lagging.delete(reader);
    reader.state = "current";
    reader.index = this.#current.length;
    this.#current.push(reader);
    if (reader.stopPending) reader.notifyStopped();
  }

  /** The next step of a lagging reader; players that join the same GOP share it. */
  #step(from: number, start: StartPoint | undefined): Step {
    const { log } = this.#source;
    let to = from;
    for (let size = 0; to < this.#position && size < STEP_BYTES; to++) size += log.bytesAt(to);
    const key = from * 2 + (start === undefined ? 0 : 1);
    const known = this.#steps.get(key);
    this.#stepsUsed = true;
    if (known !== undefined && known.to === to && known.headers === start?.headers) return known;
    const piece = this.#piece(from, to, start);
    const step = { piece, to, headers: start?.headers };
    if (this.#steps.size >= MAX_CACHED_STEPS || this.#stepBytes + piece.length > MAX_CACHED_BYTES) this.#forgetSteps();
    this.#steps.set(key, step);
    this.#stepBytes += piece.length;
    return step;
  }

  /** The packets in [from, to) in this format, behind the headers of readers that start with them. */
  #piece(from: number, to: number, start: StartPoint | undefined): Piece {
    const { format } = this;
    const { log } = this.#source;
    if (format instanceof PacketFormat) return new PacketRange(log, from, to, start, format.video);
    const bytes = format.encode(log, from, to, start?.headers);
    return start === undefined ? bytes : joined(format.prefix(start.headers, start.time), bytes);
  }

  #forgetSteps(): void {
    this.#steps.clear();
    this.#stepBytes = 0;
  }
}

/** The number of readers that a reader counts as when it gets this many bytes. */
function costOf(bytes: number): number {
  return 1 + Math.floor(bytes / READER_BYTES);
}

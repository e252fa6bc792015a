// Hot: drained and deliver run for each reader at each flush.

import type { StartPoint } from "../log/start-point.ts";
import type { Demand } from "./demand.ts";
import type { Piece, ReaderEvents, ReaderFormat, Sink } from "./format.ts";

/*
 * waiting ──(a key frame comes)──> lagging ──(caught up)──> current
 *    ^                               │  ^                      │
 *    └──(behind the log's start)─────┘  └──(socket is full)────┘      any ──pause──> paused ──unpause──> waiting | lagging
 */
/** Where a reader stands: no start point yet, behind the others, up to date with them, paused, or gone. */
export type ReaderState = "waiting" | "lagging" | "current" | "paused" | "closed";

/** What feeds a reader: the fan-out of its format. */
export interface ReaderHome {
  readonly format: ReaderFormat;
  /** How many readers it has. */
  readonly size: number;
  /** A blocked reader's sink is empty again. */
  resume(reader: Reader<Piece>): void;
  /** Takes a reader out, whatever its state. */
  remove(reader: Reader<Piece>): void;
}

/**
 * One player's, relay's or muxer's place in a stream: a position in the log and a sink. It costs a few words. Only `Fanout` and
 * `Stream` change its fields; owners use the methods of `Stream`.
 */
export class Reader<P extends Piece = Uint8Array> {
  // What `deliver` needs of thousands of these comes first: objects are laid out in this order, and each cache line is a miss.
  readonly sink: Sink<P>;
  /** Bytes handed to its sink; of packets, those of their payloads. */
  bytes = 0;
  readonly events: ReaderEvents;
  home: ReaderHome;
  state: ReaderState = "waiting";
  /** The next packet it needs, -1 before it has begun; while current, its fan-out knows better. */
  position = -1;
  /** Packets before this sequence number must not start it (waiting readers). */
  notBefore = 0;
  /** Its place in the fan-out's list while current. */
  slot = -1;
  /** The sink still holds bytes; nothing is sent before `drained`. */
  blocked = false;
  /** Set while it has a place to start but has not begun: metadata and sequence headers go before its next packet. */
  start: StartPoint | undefined;
  /** Whether its owner was last told that the stream is published. */
  announced = false;
  /** The stream is published, and its owner has not been told yet. */
  publishPending = false;
  /** The stream has stopped, but the reader has not had its last packets yet. */
  stopPending = false;
  /** What its viewer asked with; undefined for a relay, for which no stream is fetched from elsewhere. */
  demand: Demand | undefined;
  /** Packets skipped because it was too slow. */
  lost = 0;
  /** Where its loss began, while it waits for a key frame after one. */
  lostFrom = -1;
  /** It goes on after a loss, and its owner has not been told yet. */
  skipPending = false;

  constructor(home: ReaderHome, sink: Sink<P>, events: ReaderEvents) {
    this.home = home;
    this.sink = sink;
    this.events = events;
  }

  /** Hands a piece to the sink; false when it has to wait for `drained`. */
  deliver(piece: P): boolean {
    this.bytes += piece.length;
    if (this.sink.send(piece)) return true;
    this.blocked = true;
    return false;
  }

  /** What it has lost and not got over ends at `seq`; false when there is nothing. */
  countLoss(seq: number): boolean {
    if (this.lostFrom < 0) return false;
    this.lost += seq - this.lostFrom;
    this.lostFrom = -1;
    return true;
  }

  /** Tells the owner that the stream is published, once. */
  tellPublished(): void {
    this.publishPending = false;
    this.announced = true;
    this.events.published?.();
  }

  /** Tells the owner that the stream has stopped, once. */
  tellStopped(): void {
    this.stopPending = false;
    this.announced = false;
    this.events.unpublished?.();
  }

  /** Tells the owner that the reader goes on after a loss, once. */
  tellSkipped(): void {
    this.skipPending = false;
    this.events.skipped?.();
  }

  /** Its sink has sent everything: it goes on from its own position. */
  drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.home.resume(this);
  }
}

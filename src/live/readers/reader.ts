// Hot: drained and deliver run for each reader at each flush.

import type { StartPoint } from "../log/start-point.ts";
import type { Demand } from "./demand.ts";
import type { Piece, ReaderEvents, ReaderFormat, Sink } from "./format.ts";

/*
 * waiting ──(a key frame comes)──> lagging ──(caught up)──> current
 *    ^                               │  ^                      │
 *    └──(behind the log's start)─────┘  └──(socket is full)────┘      any ──pause──> paused ──unpause──> waiting | lagging
 */
/** A reader's state: no start point yet, behind the others, up to date, paused, or gone. */
export type ReaderState = "waiting" | "lagging" | "current" | "paused" | "closed";

/** What feeds a reader: the fan-out of its format. */
export interface ReaderHome {
  readonly format: ReaderFormat;
  /** How many readers it has. */
  readonly size: number;
  /** A blocked reader's sink has room again. */
  resume(reader: Reader<Piece>): void;
  /** Removes a reader, whatever its state. */
  remove(reader: Reader<Piece>): void;
}

/**
 * One player's, relay's or muxer's position in a stream's log, and its sink. It costs a few words. Only `Fanout` and `Stream`
 * change its fields; owners use the methods of `Stream`.
 */
export class Reader<P extends Piece = Uint8Array> {
  // `deliver` needs these fields for thousands of readers: objects are laid out in this order, and each cache line is a miss.
  readonly sink: Sink<P>;
  /** Bytes given to the sink; for packets, their payload bytes. */
  bytes = 0;
  readonly events: ReaderEvents;
  home: ReaderHome;
  state: ReaderState = "waiting";
  /** The next packet it needs, -1 before its start; while current, the fan-out's position counts instead. */
  position = -1;
  /** Packets before this sequence number must not start it (waiting readers). */
  notBefore = 0;
  /** Index in the fan-out's list while current. */
  index = -1;
  /** The sink takes no more; nothing is sent before `drained`. */
  blocked = false;
  /** Set while it has a start point and has received nothing from there: metadata and headers go before its next packet. */
  start: StartPoint | undefined;
  /** Whether the owner was last notified that the stream is published. */
  announced = false;
  /** The stream is published, and the owner is not notified yet. */
  publishPending = false;
  /** The stream has stopped, and the reader has not received its last packets yet. */
  stopPending = false;
  /** The viewer's demand; undefined for a relay, which never makes an edge fetch the stream. */
  demand: Demand | undefined;
  /** Packets skipped because the reader was too slow. */
  lost = 0;
  /** First packet of its loss, while it waits for a key frame after one; otherwise -1. */
  lostFrom = -1;
  /** The reader continues after a loss, and the owner is not notified yet. */
  skipPending = false;

  constructor(home: ReaderHome, sink: Sink<P>, events: ReaderEvents) {
    this.home = home;
    this.sink = sink;
    this.events = events;
  }

  /** Gives a piece to the sink; false when the reader has to wait for `drained`. */
  deliver(piece: P): boolean {
    this.bytes += piece.length;
    if (this.sink.send(piece)) return true;
    this.blocked = true;
    return false;
  }

  /** Ends the current loss at `seq` and counts its packets; false if there is none. */
  countLoss(seq: number): boolean {
    if (this.lostFrom < 0) return false;
    this.lost += seq - this.lostFrom;
    this.lostFrom = -1;
    return true;
  }

  /** Notifies the owner that the stream is published, once. */
  notifyPublished(): void {
    this.publishPending = false;
    this.announced = true;
    this.events.published?.();
  }

  /** Notifies the owner that the stream has stopped, once. */
  notifyStopped(): void {
    this.stopPending = false;
    this.announced = false;
    this.events.unpublished?.();
  }

  /** Notifies the owner that the reader continues after a loss, once. */
  notifySkipped(): void {
    this.skipPending = false;
    this.events.skipped?.();
  }

  /** The sink has sent everything: the reader continues from its own position. */
  drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.home.resume(this);
  }
}

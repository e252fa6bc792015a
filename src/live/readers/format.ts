import type { Packet } from "../../media/packet.ts";
import type { PacketLog } from "../log/log.ts";
import type { PacketFormat, PacketRange } from "./packet-reader.ts";

/**
 * How packets look on one wire. Readers with the same format object get the same bytes, so an endpoint keeps one object for
 * each way of encoding (protocol, chunk size, message stream id, filter), not one for each reader.
 */
export interface WireFormat {
  /** False: audio is left out. */
  readonly audio: boolean;
  /** False: video is left out, and a reader may start anywhere. */
  readonly video: boolean;
  /** The same format without video, for readers that await video; the same object each time. */
  readonly withoutVideo: WireFormat;
  /**
   * The log's packets in [from, to) in one new buffer; empty when the format takes none of them. Where a reader begins at `from`,
   * `headers` are those in force there, which it got by `prefix`.
   */
  encode(log: PacketLog, from: number, to: number, headers?: readonly Packet[]): Uint8Array;
  /** What a reader needs before its first packet (metadata, sequence headers), stamped with `time` (ms). */
  prefix(headers: readonly Packet[], time: number): Uint8Array;
}

/** What the readers of a fan-out receive: the bytes of a wire format, or packets. */
export type ReaderFormat = WireFormat | PacketFormat;

/** What a reader receives in one call, shared by many readers. */
export type Piece = Uint8Array | PacketRange;

/** The destination of a reader's bytes or packets. */
export interface Sink<P extends Piece = Uint8Array> {
  /** Bytes queued in the sink; a reader that joins with a non-empty sink waits for `Reader.drained` first. */
  readonly bytesQueued?: number;
  /** True: it takes batches. While all readers of a stream do, `auto` flushes the stream only every 100 ms. */
  readonly batched?: boolean;
  /**
   * Takes all of `piece`. False: no more for now, and the owner calls `Reader.drained` when there is room. Bytes may be kept by
   * reference; packets are lent for the call.
   */
  send(piece: P): boolean;
}

/** The destination of packets: a muxer that writes to a disk, to memory or to another process. */
export type PacketSink = Sink<PacketRange>;

/** Notifications about the stream for a reader's owner. */
export interface ReaderEvents {
  /** A publisher is active (again); the reader continues by itself. */
  published?(): void;
  /** The stream has stopped; the reader stays and waits. */
  unpublished?(): void;
  /** The stream now comes through other servers. */
  rerouted?(): void;
  /** The stream's epoch has changed, or packets are `lost` to all readers; the packets that it concerns come later. */
  epoch?(lost: boolean): void;
  /** The reader has lost packets and continues: its next piece begins with a key frame, or anywhere if there is no video. */
  skipped?(): void;
  /** An origin does not give the stream for this viewer's parameters; the owner refuses the viewer. */
  refused?(reason: string): void;
  /** No server has the stream, and the time to wait for it is over; the owner may leave. */
  missing?(reason: string): void;
}

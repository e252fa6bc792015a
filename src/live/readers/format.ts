import type { Packet } from "../../media/packet.ts";
import type { PacketLog } from "../log/log.ts";
import type { PacketFormat, PacketRange } from "./packet-reader.ts";

/**
 * How packets look on one wire. Readers with the same format object get the very same bytes, so an endpoint hands out one
 * object for each way of encoding (protocol, chunk size, message stream id, what is filtered) and not one a reader.
 */
export interface WireFormat {
  /** False: audio is left out. */
  readonly audio: boolean;
  /** False: video is left out, and a reader may start anywhere. */
  readonly video: boolean;
  /** The same but without video, for readers that have to wait for a key frame; the same object each time. */
  readonly withoutVideo: WireFormat;
  /**
   * The log's packets in [from, to) in one new buffer; empty when the format takes none of them. Where a reader begins at `from`,
   * `headers` are those in force there, which it has had by `prefix`.
   */
  encode(log: PacketLog, from: number, to: number, headers?: readonly Packet[]): Uint8Array;
  /** What a reader needs before its first packet (metadata, sequence headers), stamped with `time` (ms). */
  prefix(headers: readonly Packet[], time: number): Uint8Array;
}

/** What the readers of a fan-out get: the bytes of a wire format, or packets. */
export type ReaderFormat = WireFormat | PacketFormat;

/** What a reader is handed at once. Many readers get the same one. */
export type Piece = Uint8Array | PacketRange;

/** Where a reader's bytes go, or its packets. */
export interface Sink<P extends Piece = Uint8Array> {
  /** Bytes that it keeps; a reader that joins with a sink that is not empty waits for `Reader.drained` first. */
  readonly bytesQueued?: number;
  /**
   * Takes all of `piece`. False: no more for now, and the owner calls `Reader.drained` when there is room. Bytes may be kept by
   * reference; packets are lent for the call.
   */
  send(piece: P): boolean;
}

/** Where packets go: a muxer that writes to a disk, to memory or to another process. */
export type PacketSink = Sink<PacketRange>;

/** What a reader's owner is told of its stream. */
export interface ReaderEvents {
  /** A publisher is there (again); the reader goes on by itself. */
  published?(): void;
  /** The stream has stopped; the reader stays and waits. */
  unpublished?(): void;
  /** The stream comes over other servers now, or over some at last. */
  rerouted?(): void;
  /** The stream's epoch is another, or packets are `lost` to all readers; the packets that it concerns are yet to come. */
  epoch?(lost: boolean): void;
  /** The reader has lost packets and goes on: its next piece begins with a key frame, or anywhere where there is no video. */
  skipped?(): void;
  /** Whoever has the stream does not give it for what this reader's viewer asked with; the owner refuses the viewer. */
  refused?(reason: string): void;
  /** Nobody has the stream, and it has been waited for long enough; the owner may leave. */
  missing?(reason: string): void;
}

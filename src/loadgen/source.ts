import type { PacketKind } from "../media/packet.ts";

/** A message of a stream to publish. `timestamp` is in ms from the stream's start. */
export interface SourceMessage {
  readonly kind: PacketKind;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** A stream to publish, as a cursor: after `next` the fields describe one message, until the next `next`. */
export interface MediaSource {
  /** When the next message is due, ms after the stream's start. */
  readonly dueMs: number;
  /** Moves to the next message. `nowUs` is the wall clock's time, µs, for the stamp of a synthetic frame. */
  next(nowUs: number): void;
  readonly kind: PacketKind;
  /** Milliseconds from the stream's start. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** Whether a player could start with the message. */
  readonly key: boolean;
}

import type { Slot } from "../../live/source/epoch.ts";
import type { Packet } from "../../media/packet.ts";
import type { Entries } from "./entries.ts";

/** Maximum size of a segment, bytes; the rest of its slot is left out. 4K at 50 Mbps has this much in 10 s. */
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** What segments in the making need of the stream that is cut. */
export interface CutStream {
  readonly entries: Entries;
  /** See `CodecDescription`. */
  readonly described: readonly Packet[];
  /** Whether what is cut of the stream has video. */
  readonly hasVideo: boolean;
  /** Whether the stream has key frames, in what is cut of it or in another part. */
  readonly hasKeys: boolean;
  /** Video is stamped in presentation order. */
  readonly reordered: boolean;
  /** Number of the last slot that may be incomplete, because packets began to come in it. */
  readonly resumedIn: number;
  /** The stream cannot be carried. */
  refuse(reason: string): void;
  /** A segment has `MAX_SEGMENT_BYTES`. */
  overflow(): void;
}

/** Makes segments: decides at which frames they begin and end. */
export interface Growth {
  /** Bytes of memory that it holds. */
  readonly heldBytes: number;
  /** Why the stream cannot be carried; undefined if it can. */
  refusal(): string | undefined;
  /** The next frame; its payload is lent for the call. */
  frame(packet: Packet, slot: Slot, key: boolean): void;
  /** A key frame came in another part of the stream. */
  keyElsewhere(slot: Slot): void;
  /** Packets are missing before the next one. */
  lost(): void;
  /** From here on, stream times are greater by `ms`. */
  shift(ms: number): void;
  /** The clock ends, or the stream does; `newest` is the stream time of the newest frame, ms. */
  end(newest: number): void;
  /** Gives up what is in the making. */
  close(): void;
}

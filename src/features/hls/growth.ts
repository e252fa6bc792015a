import type { Slot } from "../../live/source/epoch.ts";
import type { Packet } from "../../media/packet.ts";
import type { Entries } from "./entries.ts";

/** Bytes of one segment; what comes behind them in its slot is left out. 4K at 50 Mbps has as much in 10 s. */
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** What segments in the making need of the stream that is cut. */
export interface CutStream {
  readonly entries: Entries;
  /** See `CodecDescription`. */
  readonly described: readonly Packet[];
  /** Whether what is cut of it has pictures. */
  readonly hasVideo: boolean;
  /** Whether key frames are to be expected, in what is cut of it or in another part. */
  readonly hasKeys: boolean;
  /** Video is stamped in presentation order. */
  readonly reordered: boolean;
  /** The last slot of which there may be a part only, as packets began to come in it. */
  readonly resumedIn: number;
  /** The stream cannot be carried. */
  refuse(reason: string): void;
  /** A segment has `MAX_SEGMENT_BYTES`. */
  overflow(): void;
}

/** The segments in the making: it decides at which frames they begin and end. */
export interface Growth {
  /** Bytes of memory that it holds. */
  readonly heldBytes: number;
  /** Why a stream like this cannot be carried. */
  refusal(): string | undefined;
  /** The next frame; its payload is lent for the call. */
  frame(packet: Packet, slot: Slot, key: boolean): void;
  /** A key frame of the stream that is in another part of it. */
  keyElsewhere(slot: Slot): void;
  /** Packets are missing before the next one. */
  lost(): void;
  /** The stream goes on at times that are greater by `ms`. */
  shift(ms: number): void;
  /** What follows is of another clock, or nothing does; `newest` is the stream time of the newest frame, ms. */
  end(newest: number): void;
  /** Gives up what is in the making. */
  close(): void;
}

import type { Packet } from "../../media/packet.ts";
import type { PacketBuffer } from "../../media/packet-buffer.ts";
import type { SegmentMemory } from "./segment-memory.ts";

/** The key of a run of consecutive segments (RFC 8216, 5.2). */
export interface SegmentKey {
  /** Number of the first segment that it is for. */
  readonly from: number;
  /** The key's name, which reveals nothing of it: 16 hexadecimal digits. */
  readonly id: string;
  /** 128 bits, hexadecimal. */
  readonly hex: string;
}

/** One entry of a stream's list of segments: a whole segment, or a slot without one. Times are whole ms. */
export interface Segment {
  /** Id of the epoch that its number belongs to. */
  readonly epoch: string;
  readonly number: number;
  readonly durationMs: number;
  /** Programme date of its beginning, Unix ms. */
  readonly dateMs: number;
  /** Discontinuity sequence. */
  readonly discontinuity: number;
  /** It is the first one of its discontinuity. */
  readonly opens: boolean;
  /** Whether it begins with a key frame, or has no video. */
  readonly independent: boolean;
  /** Packets of it are missing here, so that its bytes are not those of other servers. */
  readonly damaged: boolean;
  /** The least upper bound of durations that its epoch promises, whole seconds. */
  readonly targetSeconds: number;
  /** Undefined for a slot without packets. */
  readonly bytes: Uint8Array | undefined;
  /** The init segment that players need before the bytes, in formats that have one. */
  readonly init: Uint8Array | undefined;
  /** The key that the bytes are encrypted with; undefined for a segment in the clear. */
  readonly key?: SegmentKey;
  /** The parts that it was made of, in order: together they are its bytes, unless it is encrypted. */
  readonly parts?: readonly SegmentPart[];
}

/** What is known of a segment when its first part is whole. */
export type SegmentBeginning = Pick<
  Segment,
  "epoch" | "number" | "dateMs" | "discontinuity" | "opens" | "independent" | "init" | "key"
>;

/** One part of a segment (RFC 8216bis, 4.4.4.9). */
export interface SegmentPart {
  readonly segment: SegmentBeginning;
  /** From 0. */
  readonly index: number;
  readonly durationMs: number;
  /** It has a key frame, or the stream has no video. */
  readonly independent: boolean;
  /** Packets of it, or before it in its segment, are missing here. */
  readonly damaged: boolean;
  /** In a buffer of their own, or a view of the segment's buffer. */
  readonly bytes: Uint8Array;
  /** Counts the holders of the bytes' buffer; undefined for a view that is not listed yet. */
  readonly memory: SegmentMemory | undefined;
}

/** What a writer makes of a segment's frames. */
export type SegmentContent = Pick<Segment, "bytes" | "init" | "parts">;

/** One segment in the making. */
export interface SegmentWriter {
  /** Bytes so far. */
  readonly length: number;
  /** The buffer that the segment grows in. After `finish`, or when the segment is given up, the next one may grow in it. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Adds a frame; `time` is ms since the clock of the segment's discontinuity began. */
  write(packet: Packet, time: number): void;
  /** Remembers this place as a possible end. */
  mark(): void;
  /**
   * The whole segment, or what it was at `mark`, in memory of its own; without bytes if players could show nothing of it. Called once at
   * most. `next` is the frame that begins the next segment, if that follows; its time is as in `write`, its payload lent.
   */
  finish(at: "end" | "mark", number: number, next?: Packet): SegmentContent;
}

/**
 * Begins a segment with these sequence headers in force, or says why such a stream cannot be carried. `reordered`: video is stamped
 * in presentation order. The segment overwrites `memory`, and grows in it until that is too small.
 */
export type OpenWriter = (
  headers: readonly Packet[],
  reordered: boolean,
  memory: Uint8Array<ArrayBuffer>,
) => SegmentWriter | string;

/** The position of a part. */
export interface PartPlace {
  /** Number of the segment, and index of the part in it. */
  readonly number: number;
  readonly index: number;
  /** It is the segment's last one. */
  readonly last: boolean;
  /** The frame behind it, if that follows; its time is as in the buffer, its payload lent. */
  readonly next: Packet | undefined;
}

/** Makes the parts of one segment. */
export interface PartsWriter {
  /** What players need before the parts; undefined before the first one. */
  readonly init: Uint8Array | undefined;
  /** A part of these frames, whose times are ms since the clock of the discontinuity began; undefined where players could show nothing. */
  write(packets: PacketBuffer, place: PartPlace): Pick<SegmentPart, "bytes" | "independent"> | undefined;
}

/** Begins a segment that is made of parts; otherwise as `OpenWriter`. */
export type OpenParts = (headers: readonly Packet[], reordered: boolean) => PartsWriter | string;

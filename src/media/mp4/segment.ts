// Hot: add runs for each packet of each stream that is segmented.
import { copyBytes, freeBuffer } from "../../base/memory.ts";
import { Packet, PacketFlag, PacketKind } from "../packet.ts";
import type { PacketCursor } from "../packet-cursor.ts";
import { FragmentWriter } from "./fragment.ts";
import { initSegment } from "./init-segment.ts";
import { type Mp4Track, mp4Tracks } from "./tracks.ts";

const FIRST_BYTES = 64 * 1024;
/** A buffer that is too small is replaced by one that is so much larger. */
const GROWTH = 1.25;
/** Frames of one kind that are asked for a configuration; the first one with a whole header tells. */
const MAX_ASKED = 8;
/** mfhd's sequence_number has 32 bits (ISO 14496-12, 8.8.5). */
const SEQUENCES = 2 ** 32;
const NOTHING = new Uint8Array(0);

/** A segment, and the init segment that players need before it. */
export interface Mp4Segment {
  readonly init: Uint8Array;
  /** Its buffer has no other bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Copies of packets one behind another, and a cursor over those before `end`. */
class HeldPackets implements PacketCursor {
  kind: PacketKind = PacketKind.Data;
  time = 0;
  flags = 0;
  readonly track = 0;
  bytes: Uint8Array<ArrayBuffer>;
  offset = 0;
  length = 0;
  /** Bytes of all packets. */
  size = 0;
  /** The cursor ends before this one. */
  end = 0;
  readonly #kinds: PacketKind[] = [];
  readonly #times: number[] = [];
  readonly #flags: number[] = [];
  readonly #ends: number[] = [];
  #at = 0;

  /** They are put into `memory`, until that is too small. */
  constructor(memory: Uint8Array<ArrayBuffer>) {
    this.bytes = memory;
  }

  get count(): number {
    return this.#ends.length;
  }

  add({ kind, payload, flags }: Packet, time: number): void {
    const { length } = payload;
    this.#reserve(length);
    copyBytes(this.bytes, this.size, payload, 0, length);
    this.size += length;
    this.#kinds.push(kind);
    this.#times.push(time);
    this.#flags.push(flags);
    this.#ends.push(this.size);
  }

  next(): boolean {
    if (this.#at >= this.end) return false;
    const at = this.#at++;
    this.kind = this.#kinds[at] as PacketKind;
    this.time = this.#times[at] as number;
    this.flags = this.#flags[at] as number;
    this.offset = this.#ends[at - 1] ?? 0;
    this.length = (this.#ends[at] as number) - this.offset;
    return true;
  }

  rewind(): void {
    this.#at = 0;
  }

  /** The first packets of a kind, and with a flag, in [from, to); their payloads are lent. */
  first(kind: PacketKind, flag: number, from: number, to: number, most: number): Packet[] {
    const found: Packet[] = [];
    for (let at = from; at < to && found.length < most; at++) {
      const flags = this.#flags[at] as number;
      if (this.#kinds[at] !== kind || (flags & flag) !== flag) continue;
      const payload = this.bytes.subarray(this.#ends[at - 1] ?? 0, this.#ends[at]);
      found.push(new Packet(kind, this.#times[at] as number, payload, flags, 0));
    }
    return found;
  }

  #reserve(bytes: number): void {
    const needed = this.size + bytes;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, FIRST_BYTES, Math.ceil(this.bytes.length * GROWTH)));
    copyBytes(larger, 0, this.bytes, 0, this.size);
    freeBuffer(this.bytes);
    this.bytes = larger;
  }
}

/**
 * Makes one segment of fragmented MP4: a moof and an mdat with track 0 of video and of audio. Its bytes are a function of the headers, the
 * packets, their times and the sequence number. It holds copies of the packets until it is finished, as a track's samples stand together
 * in the mdat, and what has no header (MP3, AC-3, E-AC-3, the size of VP9) is known by its frames only.
 */
export class Mp4SegmentWriter {
  /** Headers, and frames in their place. */
  readonly #headers: readonly Packet[];
  readonly #frames: readonly Packet[];
  readonly #held: HeldPackets;
  #marked = 0;
  /** Frames left out: of another codec than their track's, or empty. */
  skipped = 0;

  /** `described`: headers in force, and earlier frames of what has none. It grows in `memory`, whatever is in it, until that is too small. */
  constructor(described: readonly Packet[], memory: Uint8Array<ArrayBuffer> = NOTHING) {
    this.#headers = described.filter(isHeader);
    this.#frames = described.filter((packet) => !isHeader(packet));
    this.#held = new HeldPackets(memory);
  }

  /** What the segment grows in. After `finish` it is the caller's. */
  get memory(): Uint8Array<ArrayBuffer> {
    return this.#held.bytes;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#held.size;
  }

  /** Adds a frame, whose payload is lent for the call; decode times count from `time` 0, ms. */
  add(packet: Packet, time: number): void {
    this.#held.add(packet, time);
  }

  /** Remembers this position instead of the one before. */
  mark(): void {
    this.#marked = this.#held.count;
  }

  /**
   * The segment up to its end or to `mark`; undefined when there is no sample of a known codec. `next` is the frame that the next segment
   * begins with, if that follows. The writer takes no more after it.
   */
  finish(at: "end" | "mark", sequence: number, next?: Packet): Mp4Segment | undefined {
    const held = this.#held;
    held.end = at === "mark" ? this.#marked : held.count;
    const tracks = this.#tracks();
    const behind = next === undefined ? [] : [next];
    if (at === "mark")
      for (const kind of [PacketKind.Video, PacketKind.Audio])
        behind.push(...held.first(kind, 0, held.end, held.count, 1));
    const writer = new FragmentWriter(tracks, 0);
    const { bytes, samples } = writer.write(held, sequence % SEQUENCES, { next: behind, ends: true });
    this.skipped = writer.skipped;
    return samples === 0 ? undefined : { init: initSegment(tracks), bytes };
  }

  /** By the segment's own frames rather than by earlier ones, so that it is the same wherever a server began. */
  #tracks(): Mp4Track[] {
    const held = this.#held;
    const own = [
      ...held.first(PacketKind.Video, PacketFlag.Key, 0, held.end, MAX_ASKED),
      ...held.first(PacketKind.Audio, 0, 0, held.end, MAX_ASKED),
    ];
    return mp4Tracks([...this.#headers, ...own, ...this.#frames]).filter(({ id }) => id === 0);
  }
}

function isHeader({ flags }: Packet): boolean {
  return (flags & (PacketFlag.SequenceHeader | PacketFlag.Config)) !== 0;
}

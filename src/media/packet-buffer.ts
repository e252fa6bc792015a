// Hot: add runs for each packet of each stream that is segmented.
import { copyBytes, freeBuffer } from "../base/memory.ts";
import { Packet, PacketKind } from "./packet.ts";
import type { PacketCursor } from "./packet-cursor.ts";

const FIRST_BYTES = 64 * 1024;
/** A buffer that is too small is replaced by one that is larger by this factor. */
const GROWTH = 1.25;
const NOTHING = new Uint8Array(0);

/** Copies of packets one behind another, and a cursor over those before `end`. */
export class PacketBuffer implements PacketCursor {
  kind: PacketKind = PacketKind.Data;
  time = 0;
  flags = 0;
  readonly track = 0;
  bytes: Uint8Array<ArrayBuffer>;
  offset = 0;
  length = 0;
  /** Bytes of all packets. */
  size = 0;
  /** The cursor ends before the packet with this index. */
  end = 0;
  readonly #kinds: PacketKind[] = [];
  readonly #times: number[] = [];
  readonly #flags: number[] = [];
  readonly #ends: number[] = [];
  #at = 0;

  /** Packets are copied into `memory` until that is too small. */
  constructor(memory: Uint8Array<ArrayBuffer> = NOTHING) {
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

  /** Forgets all packets; the next ones reuse their memory. */
  clear(): void {
    this.#kinds.length = 0;
    this.#times.length = 0;
    this.#flags.length = 0;
    this.#ends.length = 0;
    this.size = 0;
    this.end = 0;
    this.#at = 0;
  }

  /** The first packets of a kind and with a flag in [from, to), at most `most`; their payloads are views of the buffer. */
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

// Hot: one encode for each flush of each stream that is watched as MPEG-TS without sound.
import { type Packet, PacketKind } from "../packet.ts";
import type { PacketCursor } from "../packet-cursor.ts";
import { TsFormat, type TsPacketSource } from "./format.ts";

/** A cursor that shows audio packets as data, which MPEG-TS leaves out: each packet keeps its position. */
class SilentCursor implements PacketCursor {
  readonly #inner: PacketCursor;

  constructor(inner: PacketCursor) {
    this.#inner = inner;
  }

  get kind(): PacketKind {
    const { kind } = this.#inner;
    return kind === PacketKind.Audio ? PacketKind.Data : kind;
  }

  get time(): number {
    return this.#inner.time;
  }

  get flags(): number {
    return this.#inner.flags;
  }

  get track(): number {
    return this.#inner.track;
  }

  get bytes(): Uint8Array {
    return this.#inner.bytes;
  }

  get offset(): number {
    return this.#inner.offset;
  }

  get length(): number {
    return this.#inner.length;
  }

  next(): boolean {
    return this.#inner.next();
  }

  rewind(): void {
    this.#inner.rewind();
  }
}

class SilentSource implements TsPacketSource {
  readonly #inner: TsPacketSource;

  constructor(inner: TsPacketSource) {
    this.#inner = inner;
  }

  get start(): number {
    return this.#inner.start;
  }

  cursor(from: number, to: number): PacketCursor {
    return new SilentCursor(this.#inner.cursor(from, to));
  }
}

/** A stream's video as MPEG-TS, without sound. One object a stream, like `TsFormat`. */
export class TsWithoutSound {
  readonly audio = false;
  readonly video: boolean;
  readonly withoutVideo: TsWithoutSound;
  readonly #inner: TsFormat;

  private constructor(inner: TsFormat) {
    this.#inner = inner;
    this.video = inner.video;
    this.withoutVideo = inner.video ? new TsWithoutSound(inner.withoutVideo) : this;
  }

  /** The format of one stream, which has one log. */
  static of(): TsWithoutSound {
    return new TsWithoutSound(TsFormat.of());
  }

  /** Like `TsFormat.encode`. */
  encode(log: TsPacketSource, from: number, to: number, headers?: readonly Packet[]): Uint8Array {
    const own = headers?.filter(({ kind }) => kind !== PacketKind.Audio);
    return this.#inner.encode(new SilentSource(log), from, to, own);
  }

  /** Empty, like `TsFormat.prefix`. */
  prefix(): Uint8Array {
    return this.#inner.prefix();
  }
}

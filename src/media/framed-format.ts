import type { Packet } from "./packet.ts";
import type { PacketSource } from "./packet-cursor.ts";

/** An encoding of packets, as `live/readers` uses it. */
export interface ByteFormat {
  readonly audio: boolean;
  readonly video: boolean;
  readonly withoutVideo: ByteFormat;
  encode(source: PacketSource, from: number, to: number, headers?: readonly Packet[]): Uint8Array;
  prefix(headers: readonly Packet[], time: number): Uint8Array;
}

/** Puts the bytes of one batch into a frame; an empty batch stays empty. */
export type FrameBytes<F extends string> = (framing: F, bytes: Uint8Array) => Uint8Array;

/** An inner format with each batch in a frame of its own, for readers whose connections need frames; all of them share one object. */
class FramedFormat<F extends string> implements ByteFormat {
  readonly audio: boolean;
  readonly video: boolean;
  readonly #formats: FramedFormats<F>;
  readonly #inner: ByteFormat;
  readonly #framing: F;

  constructor(formats: FramedFormats<F>, inner: ByteFormat, framing: F) {
    this.#formats = formats;
    this.#inner = inner;
    this.#framing = framing;
    this.audio = inner.audio;
    this.video = inner.video;
  }

  get withoutVideo(): ByteFormat {
    return this.#formats.get(this.#inner.withoutVideo, this.#framing);
  }

  encode(source: PacketSource, from: number, to: number, headers?: readonly Packet[]): Uint8Array {
    return this.#formats.frame(this.#framing, this.#inner.encode(source, from, to, headers));
  }

  prefix(headers: readonly Packet[], time: number): Uint8Array {
    return this.#formats.frame(this.#framing, this.#inner.prefix(headers, time));
  }
}

/** Hands out one format object for each format and framing, so that readers with the same ones share their bytes. */
export class FramedFormats<F extends string> {
  readonly frame: FrameBytes<F>;
  readonly #formats = new WeakMap<ByteFormat, Map<F, ByteFormat>>();

  constructor(frame: FrameBytes<F>) {
    this.frame = frame;
  }

  get(format: ByteFormat, framing: F): ByteFormat {
    let own = this.#formats.get(format);
    if (own === undefined) {
      own = new Map();
      this.#formats.set(format, own);
    }
    let framed = own.get(framing);
    if (framed === undefined) {
      framed = new FramedFormat(this, format, framing);
      own.set(framing, framed);
    }
    return framed;
  }
}

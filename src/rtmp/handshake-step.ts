import { ProtocolError } from "../base/errors.ts";
import { PLAIN_VERSION, type RandomFill } from "./handshake-digest.ts";

/** What a handshake makes of some bytes. */
export interface HandshakeStep {
  /** To be written to the peer at once; owned by the caller. */
  readonly send: Uint8Array | undefined;
  /** Defined once the handshake is done: the bytes after it, a view of the pushed buffer, perhaps empty. */
  readonly rest: Uint8Array | undefined;
}

/** A handshake's dependencies, as this folder has no clock and no randomness. */
export interface HandshakeOptions {
  readonly random: RandomFill;
  /** Milliseconds of any epoch; the low 32 bits are sent. */
  readonly timeMs: number;
}

/** Collects a fixed number of bytes from pushes of any size. */
export class Collector {
  readonly bytes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get full(): boolean {
    return this.#length === this.bytes.length;
  }

  /** Copies the missing bytes from `input` at `from`; returns where the rest begins. */
  take(input: Uint8Array, from: number): number {
    const count = Math.min(this.bytes.length - this.#length, input.length - from);
    this.bytes.set(input.subarray(from, from + count), this.#length);
    this.#length += count;
    return from + count;
  }
}

/** Refuses any first byte but 3 at once, with a guess at the peer's protocol. */
export function checkVersion(version: number): void {
  if (version === PLAIN_VERSION) return;
  const hex = version.toString(16).padStart(2, "0");
  throw new ProtocolError(`the handshake begins with 0x${hex} instead of 0x03${guess(version)}`);
}

function guess(version: number): string {
  switch (version) {
    case 0x15:
    case 0x16:
      return ": this is TLS, not plain RTMP";
    case 0x0d: // version 2
      return ": this is the PROXY protocol, not RTMP; proxy_protocol.listen names the ports that take it";
    case 0x50: // P
      return ": this is HTTP or the PROXY protocol (see proxy_protocol.listen), not RTMP";
    case 0x47: // G
    case 0x48: // H
      return ": this is HTTP, not RTMP";
    case 6:
    case 8:
    case 9:
      return ": RTMPE (encrypted RTMP) is not supported";
    default:
      return "";
  }
}

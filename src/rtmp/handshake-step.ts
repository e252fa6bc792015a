import { ProtocolError } from "../base/errors.ts";
import { PACKET_BYTES, PLAIN_VERSION, type RandomFill } from "./handshake-digest.ts";

/** The result of some bytes of a handshake. */
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

/** What a handshake receives: version and first packet (C0C1, S0S1), which are answered, then the second packet (C2, S2), which is not read. */
export class PeerPackets {
  readonly #first = new Uint8Array(1 + PACKET_BYTES);
  #firstLength = 0;
  #secondMissing = PACKET_BYTES;

  /** Both packets have come. */
  get done(): boolean {
    return this.#secondMissing === 0;
  }

  /** Takes bytes; `answer` is called once, with the first packet. Throws a ProtocolError when the first byte is not 3. */
  push(bytes: Uint8Array, answer: (packet: Uint8Array) => Uint8Array): HandshakeStep {
    let send: Uint8Array | undefined;
    const head = Math.min(this.#first.length - this.#firstLength, bytes.length);
    if (head > 0) {
      this.#first.set(bytes.subarray(0, head), this.#firstLength);
      this.#firstLength += head;
      checkVersion(this.#first[0] ?? 0);
      if (this.#firstLength === this.#first.length) send = answer(this.#first.subarray(1));
    }
    const skipped = Math.min(this.#secondMissing, bytes.length - head);
    this.#secondMissing -= skipped;
    return { send, rest: this.done ? bytes.subarray(head + skipped) : undefined };
  }
}

/** Refuses any first byte but 3 at once, with a guess at the peer's protocol. */
function checkVersion(version: number): void {
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

import {
  clientKey,
  findDigest,
  PACKET_BYTES,
  PLAIN_VERSION,
  putU32,
  serverKey,
  signAnswer,
  writeDigest,
} from "./handshake-digest.ts";
import { type HandshakeOptions, type HandshakeStep, PeerPackets } from "./handshake-step.ts";

/** Flash Player 128.0.7.2; a server looks for a digest only when the version is not 0. */
const CLIENT_VERSION = 0x80000702;

/** Dependencies and options of a `ClientHandshake`. */
export interface ClientHandshakeOptions extends HandshakeOptions {
  /** Send no digest: for a server that closes the connection when it receives one. */
  readonly simple?: boolean;
}

/**
 * The client's side of the handshake (RTMP 1.0, 5.2). C1 carries a digest (schema 1, which FMS insists on) except with
 * `simple`. When S1 has none, the server speaks the simple handshake, and C2 is a copy of S1, on the same connection.
 */
export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #received = new PeerPackets();
  #digest = false;

  constructor(options: ClientHandshakeOptions) {
    this.#options = options;
  }

  /** All of S2 has arrived: commands may be sent. */
  get done(): boolean {
    return this.#received.done;
  }

  /** The server sent a digest. Known once S1 has arrived. */
  get digest(): boolean {
    return this.#digest;
  }

  /** C0C1, the first bytes to send. */
  start(): Uint8Array {
    const c0c1 = new Uint8Array(1 + PACKET_BYTES);
    const c1 = c0c1.subarray(1);
    this.#options.random(c1);
    c0c1[0] = PLAIN_VERSION;
    putU32(c1, 0, this.#options.timeMs);
    putU32(c1, 4, this.#options.simple === true ? 0 : CLIENT_VERSION);
    if (this.#options.simple !== true) writeDigest(c1, 1, clientKey);
    return c0c1;
  }

  /** Throws a ProtocolError when the server's first byte is not 3. The content of S2 is ignored: the server need not prove anything. */
  push(bytes: Uint8Array): HandshakeStep {
    return this.#received.push(bytes, (packet) => this.#answer(packet));
  }

  #answer(s1: Uint8Array): Uint8Array {
    const found = this.#options.simple === true ? undefined : findDigest(s1, serverKey);
    this.#digest = found !== undefined;
    const c2 = s1.slice();
    if (found !== undefined) {
      this.#options.random(c2);
      signAnswer(c2, found.digest, clientKey);
    }
    return c2;
  }
}

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

/** FMS 1.0.5.4: below 3.0, as FFmpeg checks S1 and S2 of servers from 3.0 on. */
const SERVER_VERSION = 0x01000504;

/**
 * The server's side of the handshake (RTMP 1.0, 5.2): C0C1 in, S0S1S2 out as one buffer, C2 in, whatever it holds. A C1
 * with a digest is answered with digests in the same schema, any other in the simple way. The client need not
 * wait for S1.
 */
export class ServerHandshake {
  readonly #options: HandshakeOptions;
  readonly #received = new PeerPackets();
  #digest = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** All of C2 has arrived. */
  get done(): boolean {
    return this.#received.done;
  }

  /** The client sent a digest. Known once the answer has been given. */
  get digest(): boolean {
    return this.#digest;
  }

  /** Throws a ProtocolError when the first byte is not 3. */
  push(bytes: Uint8Array): HandshakeStep {
    return this.#received.push(bytes, (packet) => this.#answer(packet));
  }

  #answer(c1: Uint8Array): Uint8Array {
    const reply = new Uint8Array(1 + 2 * PACKET_BYTES);
    reply[0] = PLAIN_VERSION;
    const s1 = reply.subarray(1, 1 + PACKET_BYTES);
    const s2 = reply.subarray(1 + PACKET_BYTES);
    this.#options.random(s1);
    putU32(s1, 0, this.#options.timeMs);
    const found = findDigest(c1, clientKey);
    this.#digest = found !== undefined;
    if (found === undefined) {
      // The specification has zeros where this echoes the client's time, and no client minds. S2 must equal C1 to the byte.
      s1.set(c1.subarray(0, 4), 4);
      s2.set(c1);
    } else {
      putU32(s1, 4, SERVER_VERSION);
      writeDigest(s1, found.schema, serverKey);
      this.#options.random(s2);
      signAnswer(s2, found.digest, serverKey);
    }
    return reply;
  }
}

import type { HostPort } from "../base/address.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { ClientConnection, type ConnectionContext, type ConnectionEvents } from "./client-connection.ts";
import type { ConnectionFailure } from "./connection-failure.ts";
import { HandshakeChoice } from "./handshake-choice.ts";

/** Time limit of a probe, from dialling to the answer, for both handshakes together. */
const TIMEOUT_MS = 5000;

/** The default chunk size of RTMP; a probe sends little. */
const CHUNK_SIZE = 128;

/** The server and the app that a probe asks for. */
export interface ProbeTarget extends HostPort {
  readonly tls: boolean;
  readonly tcUrl: string;
  readonly app: string;
}

/** The outcome: `none`, no RTMP server has answered; `refused`, an RTMP server refuses us. */
export type ProbeResult =
  | {
      readonly answer: "connected";
      readonly server: string;
      readonly node: string;
      /** The server's vhost that serves us; `""` when it does not report one. */
      readonly vhost: string;
      readonly ms: number;
    }
  | { readonly answer: "refused"; readonly reason: string }
  | { readonly answer: "none"; readonly reason: string };

/** Dials a server, performs handshake and connect, and closes at its answer; bounded in time. */
export function probe(context: ConnectionContext, target: ProbeTarget): Promise<ProbeResult> {
  return new Promise((settle) => new Probe(context, target, settle));
}

class Probe implements ConnectionEvents {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #settle: (result: ProbeResult) => void;
  readonly #connection: ClientConnection;
  readonly #timer: Timer;

  constructor(context: ConnectionContext, target: ProbeTarget, settle: (result: ProbeResult) => void) {
    const { clock, dial, random, limits } = context;
    this.#clock = clock;
    this.#settle = settle;
    this.#startedMs = clock.now();
    // Starts before our timer, so that a dial that takes too long reports its own error.
    this.#connection = new ClientConnection(
      // A probe does not send this server's identity.
      { clock, dial, random, limits },
      { ...target, role: "connect", playPath: "", hops: [] },
      { chunkSize: CHUNK_SIZE, connectTimeoutMs: TIMEOUT_MS, handshake: new HandshakeChoice() },
      this,
    );
    this.#timer = clock.after(TIMEOUT_MS, () => {
      const { stage } = this.#connection;
      this.failed({ cause: "silent", stage, reason: `no answer to ${stage} within ${TIMEOUT_MS / 1000} s` });
    });
  }

  ready(): void {
    const { server, serverNode: node, serverVhost: vhost } = this.#connection.session;
    const ms = Math.round(this.#clock.now() - this.#startedMs);
    this.#end({ answer: "connected", server, node, vhost, ms });
  }

  refused(code: string, description: string): void {
    this.#end({ answer: "refused", reason: description === "" ? code : `${code}, ${description}` });
  }

  ended(): void {}

  failed({ cause, stage, reason }: ConnectionFailure): void {
    if (cause === "protocol") {
      this.#end({ answer: "none", reason: `it does not speak RTMP: ${reason}` });
      return;
    }
    // A server that answers the handshake is alive, and refuses this app or vhost without a message.
    const answer = stage === "dialling" || stage === "handshake" ? "none" : "refused";
    this.#end({ answer, reason: reason ?? `it closed without an answer to ${stage}` });
  }

  #end(result: ProbeResult): void {
    this.#timer.cancel();
    this.#connection.abort();
    this.#settle(result);
  }
}

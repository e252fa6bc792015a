import type { Clock, Timer } from "../base/clock.ts";
import { messageOf, ProtocolError } from "../base/errors.ts";
import type { Dial, Transport, TransportHandler } from "../base/transport.ts";
import { type ClientEvents, ClientSession } from "../rtmp/client-session.ts";
import type { RandomFill } from "../rtmp/handshake-digest.ts";
import type { RtmpLimits } from "../rtmp/limits.ts";

/** How long one attempt may take, from dialling to the answer. */
const TIMEOUT_MS = 5000;

/** What RTMP begins with; a probe sends little. */
const CHUNK_SIZE = 128;

/** What a probe needs from outside. */
export interface ProbeContext {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly random: RandomFill;
  readonly limits: RtmpLimits;
}

/** Whom a probe asks. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly tcUrl: string;
  readonly app: string;
}

/** What came of it: `none` is no RTMP server at all, `refused` one that would not have us. */
export type ProbeResult =
  | {
      readonly answer: "connected";
      readonly server: string;
      readonly node: string;
      /** The vhost that serves us there; `""` when the server does not say. */
      readonly vhost: string;
      readonly ms: number;
    }
  | { readonly answer: "refused"; readonly reason: string }
  | { readonly answer: "none"; readonly reason: string };

/** One attempt's outcome, and whether the server may want the simple handshake. */
interface Outcome {
  readonly result: ProbeResult;
  readonly wantsSimple: boolean;
}

/** Dials a server, shakes hands and connects, and hangs up at its answer; bounded in time. */
export async function probe(context: ProbeContext, target: ProbeTarget): Promise<ProbeResult> {
  const attempt = (simple: boolean) => new Promise<Outcome>((settle) => new Attempt(context, target, simple, settle));
  const { result, wantsSimple } = await attempt(false);
  return wantsSimple ? (await attempt(true)).result : result;
}

class Attempt implements TransportHandler, ClientEvents {
  readonly #clock: Clock;
  readonly #started: number;
  readonly #settle: (outcome: Outcome) => void;
  readonly #session: ClientSession;
  readonly #timer: Timer;
  readonly #dialling: { abort(): void };
  #transport: Transport | undefined;
  #over = false;

  constructor(
    { clock, dial, limits, random }: ProbeContext,
    { host, port, tls, tcUrl, app }: ProbeTarget,
    simpleHandshake: boolean,
    settle: (outcome: Outcome) => void,
  ) {
    this.#clock = clock;
    this.#settle = settle;
    this.#started = clock.now();
    this.#session = new ClientSession({ role: "connect", tcUrl, app, playPath: "", hops: [] }, this, {
      limits,
      send: (bytes) => this.#transport?.send(bytes),
      now: () => clock.now(),
      random,
      chunkSize: CHUNK_SIZE,
      simpleHandshake,
      identity: {},
    });
    // Before the timer, so that a dial which is too late says so itself.
    this.#dialling = dial({ host, port, tls, timeoutMs: TIMEOUT_MS }, this);
    this.#timer = clock.after(TIMEOUT_MS, () =>
      this.#end({
        answer: this.#unanswered,
        reason: `no answer to ${this.#session.state} within ${TIMEOUT_MS / 1000} s`,
      }),
    );
  }

  onOpen(transport: Transport): void {
    this.#transport = transport;
    this.#session.start();
  }

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#session.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end({ answer: "none", reason: `it does not speak RTMP: ${messageOf(error)}` });
    }
  }

  onDrain(): void {}

  onClose(reason: string | undefined): void {
    const early = this.#transport !== undefined && this.#session.state === "handshake";
    const said = reason ?? `it closed without an answer to ${this.#session.state}`;
    this.#end({ answer: this.#unanswered, reason: said }, early);
  }

  /** What no answer means: a server that has shaken hands is there, and refuses this app or vhost without a word. */
  get #unanswered(): "none" | "refused" {
    return this.#transport === undefined || this.#session.state === "handshake" ? "none" : "refused";
  }

  ready(): void {
    const { server, serverNode: node, serverVhost: vhost } = this.#session;
    const ms = Math.round(this.#clock.now() - this.#started);
    this.#end({ answer: "connected", server, node, vhost, ms });
  }

  refused(code: string, description: string): void {
    this.#end({ answer: "refused", reason: description === "" ? code : `${code}, ${description}` });
  }

  ended(): void {}

  #end(result: ProbeResult, wantsSimple = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#session.close();
    if (this.#transport === undefined) this.#dialling.abort();
    else this.#transport.abort();
    this.#settle({ result, wantsSimple });
  }
}

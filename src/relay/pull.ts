// Hot: push runs for each message of each stream that is pulled.
import type { Clock, Timer } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Source } from "../live/source/source.ts";
import { PacketKind } from "../media/packet.ts";
import type { EpochCommandArguments } from "../rtmp/connect.ts";
import type { DialLimiter } from "./dial-limiter.ts";
import type { OpenPullClient, PullClient, PullClientEvents, PullEnd, ServerWords } from "./pull-client.ts";
import type { Attempt } from "./supervisor.ts";

/** How often a running pull is checked for silence. */
const CHECK_MS = 250;
/** Data messages kept until the first media: servers pass on an encoder's by up to 16 names, and send some of their own. */
const MAX_EARLY = 32;
const MAX_EARLY_BYTES = 1024 * 1024;

/** Callbacks of a pull. None follows after `over`. */
export interface PullEvents {
  /** The server is alive: it has answered our handshake, whatever the stream's outcome. */
  answered?(): void;
  /** The server has sent the ladder that the stream belongs to, before the first media; "" for none. */
  ladder?(text: string): void;
  /** The first audio or video: returns the source for it. Undefined when no reader wants it; the pull then ends silently. */
  begun(server: ServerWords): Source | undefined;
  /** The server has accepted the request and has sent no media within the timeout; the pull waits on until `waitMs`. */
  silent(): void;
  over(end: PullEnd): void;
}

/** The options of one pull. */
export interface PullOptions {
  readonly clock: Clock;
  /** Its permit is held until the server has answered our handshake, or, over HTTP, until the connection is open. */
  readonly dialLimiter: DialLimiter;
  /** This server's id in hop traces: a stream that has passed it must not come back. */
  readonly nodeId: string;
  readonly open: OpenPullClient;
  /** The longest time without an answer, or, in a running pull, without media; ms. */
  readonly timeoutMs: number;
  /** The longest time from the server's acceptance to the first media, and from sequence headers to the first frame, ms. */
  readonly waitMs: number;
}

/*
 * queued ──> opening ──answered──> asking ──started──> waiting ──media──> running ──> over
 */
/** One attempt to get a stream from another server, until it ends. */
export class Pull implements Attempt, PullClientEvents {
  readonly #options: PullOptions;
  readonly #events: PullEvents;
  readonly #permit: { release(): void };
  #state: "queued" | "opening" | "asking" | "waiting" | "running" | "over" = "queued";
  #connected = false;
  #client: PullClient | undefined;
  #server: ServerWords = { name: "", hops: [] };
  #source: Source | undefined;
  /** Data messages received before the first media. */
  readonly #early: { readonly timestamp: number; readonly payload: Uint8Array; readonly amf3: boolean }[] = [];
  #earlyBytes = 0;
  #timer: Timer | undefined;
  /** Media messages so far, and at the last check; a difference shows that the stream lives. */
  #messages = 0;
  #seen = 0;
  #lastMediaAt = 0;
  /** Data messages that could not be read. */
  malformed = 0;
  /** Epochs that could not be read. */
  malformedEpochs = 0;
  /** The epoch received before the first media. */
  #earlyEpoch: EpochCommandArguments | undefined;
  #age: number | undefined;

  constructor(options: PullOptions, events: PullEvents) {
    this.#options = options;
    this.#events = events;
    this.#permit = options.dialLimiter.acquire({
      admitted: () => this.#open(),
      rejected: (error) => this.over({ how: "unreachable", error }),
    });
    // `acquire` may have admitted and ended this pull already.
    if (this.#state !== "queued" && this.#state !== "opening") this.#permit.release();
  }

  /** Whether the server has accepted the request and has sent no media. */
  get waits(): boolean {
    return this.#state === "waiting";
  }

  /** Bytes received. */
  get bytes(): number {
    return this.#client?.bytes ?? 0;
  }

  /** Closes the connection; no callback follows. */
  abort(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#client?.close();
  }

  connected(): void {
    if (this.#state !== "opening") return;
    this.#connected = true;
    this.#releasePermit();
  }

  answered(): void {
    if (this.#state !== "opening") return;
    this.#state = "asking";
    this.#releasePermit();
    this.#events.answered?.();
  }

  started(server: ServerWords): void {
    if (this.#state === "opening") this.answered();
    if (this.#state !== "asking") return;
    this.#server = server;
    this.#state = "waiting";
    this.#wait();
  }

  rerouted(hops: readonly string[]): void {
    if (this.#state !== "waiting" && this.#state !== "running") return;
    if (hops.includes(this.#options.nodeId)) {
      this.over({ how: "refused", error: "the stream comes from here", description: "", redirect: undefined });
      return;
    }
    this.#server = { ...this.#server, hops };
    this.#source?.reroute(hops);
  }

  epoch(...args: EpochCommandArguments): void {
    const [text, , ladder, tracks] = args;
    if (this.#state === "waiting") {
      this.#earlyEpoch = text === "" ? undefined : [text, false, ladder, tracks];
      this.#events.ladder?.(ladder);
    } else if (this.#source?.receiveEpoch(...args) === false) this.malformedEpochs++;
  }

  age(ms: number | undefined): void {
    this.#age = ms;
    this.#source?.receiveAge(ms);
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void {
    if (this.#state === "waiting") {
      // Servers send data (access rights, metadata) even for streams that don't exist.
      if (kind === PacketKind.Data) {
        const bytes = this.#earlyBytes + payload.length;
        if (this.#early.length >= MAX_EARLY || bytes > MAX_EARLY_BYTES) return;
        this.#earlyBytes = bytes;
        this.#early.push({ timestamp, payload, amf3 });
        return;
      }
      this.#run();
    }
    if (this.#state !== "running") return;
    this.#messages++;
    if (kind === PacketKind.Data) this.#pushData(timestamp, payload, amf3);
    else this.#source?.push(kind, timestamp, payload, amf3);
  }

  over(end: PullEnd): void {
    if (this.#state === "over") return;
    const running = this.#state === "running";
    this.#finish();
    this.#client?.close();
    if (running && end.how === "refused") this.#events.over({ how: "lost", error: end.error });
    else if (running || (end.how !== "ended" && end.how !== "lost")) this.#events.over(end);
    // A stream that ends before its first media was absent; a lost one may exist.
    else this.#events.over({ how: end.how === "ended" ? "absent" : "failed", error: end.error });
  }

  #open(): void {
    const { clock, open, timeoutMs } = this.#options;
    this.#state = "opening";
    const error = `no answer within ${timeoutMs / 1000} s`;
    this.#timer = clock.after(timeoutMs, () => {
      const silence = this.#connected ? "unanswered" : "unreachable";
      this.over({ how: this.#state === "opening" ? silence : "failed", error });
    });
    const client = open(this);
    this.#client = client;
    if (this.#isOver) client.close();
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  #wait(): void {
    const { clock, timeoutMs, waitMs } = this.#options;
    this.#timer?.cancel();
    const giveUp = () => this.over({ how: "absent", error: `no media within ${waitMs / 1000} s` });
    if (waitMs <= timeoutMs) this.#timer = clock.after(waitMs, giveUp);
    else
      this.#timer = clock.after(timeoutMs, () => {
        this.#timer = clock.after(waitMs - timeoutMs, giveUp);
        this.#events.silent();
      });
  }

  #run(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#source = this.#events.begun(this.#server);
    if (this.#source === undefined) {
      this.abort();
      return;
    }
    this.#state = "running";
    this.#lastMediaAt = clock.now();
    this.#timer = clock.every(CHECK_MS, () => this.#check());
    this.#source.receiveAge(this.#age);
    if (this.#earlyEpoch !== undefined) this.epoch(...this.#earlyEpoch);
    for (const { timestamp, payload, amf3 } of this.#early.splice(0)) this.#pushData(timestamp, payload, amf3);
  }

  #check(): void {
    const { clock, timeoutMs, waitMs } = this.#options;
    if (this.#messages !== this.#seen) {
      this.#seen = this.#messages;
      this.#lastMediaAt = clock.now();
      return;
    }
    // Some servers send sequence headers long before an encoder's first frame.
    const maxMs = (this.#source?.frames ?? 0) > 0 ? timeoutMs : Math.max(timeoutMs, waitMs);
    if (clock.now() - this.#lastMediaAt >= maxMs - CHECK_MS)
      this.over({ how: "lost", error: `no media for ${maxMs / 1000} s` });
  }

  #pushData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    try {
      this.#source?.push(PacketKind.Data, timestamp, payload, amf3);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.malformed++;
    }
  }

  #finish(): void {
    this.#state = "over";
    this.#timer?.cancel();
    this.#releasePermit();
  }

  /** Inside the constructor the permit is not set yet; the constructor then releases it. */
  #releasePermit(): void {
    const permit: { release(): void } | undefined = this.#permit;
    permit?.release();
  }
}

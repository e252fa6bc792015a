import { Backoff } from "../../../base/backoff.ts";
import type { Timer } from "../../../base/clock.ts";
import type { Attempt, Engine, Failure, OnFailure } from "./engine.ts";
import { type MediaServer, mediaUrl, type Way } from "./media-address.ts";

/** The first wait is short: mostly an encoder or a server starts again. Later ones spare a server that thousands wait at. */
const RETRY = { firstMs: 1000, factor: 1.5, maxMs: 10_000 };
/** What will not be otherwise soon: a refusal, a codec. */
const SLOW_RETRY_MS = 30_000;
/** A server's own wish (`Retry-After`) is followed up to this. */
const MAX_RETRY_AFTER_MS = 120_000;
/** A picture that lasted this long makes the next failure a first one. */
const HEALTHY_MS = 5000;

/** Where the playback stands. */
export type PlaybackState =
  | { readonly kind: "stopped" }
  /** `failure`: why this is not the first attempt. */
  | { readonly kind: "connecting"; readonly attempt: Attempt; readonly failure: Failure | undefined }
  | { readonly kind: "playing"; readonly attempt: Attempt }
  /** All servers have failed; the next round begins at `retryAt`, ms of the clock. */
  | { readonly kind: "waiting"; readonly failure: Failure; readonly retryAt: number };

/** What a playback is made of. */
export interface PlaybackOptions {
  readonly servers: readonly MediaServer[];
  /** What the browser can, the best first; at least one. */
  readonly ways: readonly Way[];
  readonly clock: { now(): number; after(ms: number, call: () => void): Pick<Timer, "cancel"> };
  /** Gives numbers in [0, 1). */
  readonly random: () => number;
  open(attempt: Attempt, onFailure: OnFailure): Engine;
  onChange(state: PlaybackState): void;
}

/**
 * Keeps a stream playing: one attempt at a time, each server once in a round, at once one after the other; when all have failed, a
 * wait, and the next round begins with the server that had the picture last.
 *
 *     stopped ── start ──> connecting ── picture ──> playing
 *                           ^    │ failed              │ failed
 *                           │    v                     v
 *                           └─ next server, or after a wait ── waiting
 */
export class Playback {
  readonly #options: PlaybackOptions;
  readonly #backoff: Backoff;
  #ways: readonly Way[];
  #state: PlaybackState = { kind: "stopped" };
  #engine: Engine | undefined;
  #timer: Pick<Timer, "cancel"> | undefined;
  /** The attempt that failures count for. */
  #current = 0;
  #server = 0;
  #way = 0;
  /** Of this round. */
  #failures: Failure[] = [];
  /** The failure of all attempts in the round before; it is shown until there is another. */
  #before: Failure | undefined;
  #playingSince = 0;
  #hadPicture = false;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#ways = options.ways;
    this.#backoff = new Backoff(RETRY, options.random);
  }

  get state(): PlaybackState {
    return this.#state;
  }

  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** Whether a picture has been there since the start. */
  get hadPicture(): boolean {
    return this.#hadPicture;
  }

  /** Begins, or begins anew; also cuts a wait short. */
  start(): void {
    this.#failures = [];
    this.#before = undefined;
    this.#connect(undefined);
  }

  /** Ends what is under way. */
  stop(): void {
    this.#close();
    this.#change({ kind: "stopped" });
  }

  /** Goes on in other ways. */
  use(ways: readonly Way[]): void {
    this.#ways = ways;
    this.#way = 0;
    this.#backoff.reset();
    this.start();
  }

  /** The picture moves. */
  picture(): void {
    if (this.#state.kind !== "connecting") return;
    this.#hadPicture = true;
    this.#before = undefined;
    this.#playingSince = this.#options.clock.now();
    this.#change({ kind: "playing", attempt: this.#state.attempt });
  }

  /** The current attempt has failed, as others than its engine have noticed. */
  fail(failure: Failure): void {
    if (this.#state.kind !== "connecting" && this.#state.kind !== "playing") return;
    const wasPlaying = this.#state.kind === "playing";
    this.#close();
    if (wasPlaying) {
      this.#failures = [];
      if (this.#options.clock.now() - this.#playingSince >= HEALTHY_MS) this.#backoff.reset();
    }
    this.#failures.push(failure);
    if (this.#failures.length < this.#options.servers.length) {
      this.#server = (this.#server + 1) % this.#options.servers.length;
      this.#connect(mostTelling(this.#before === undefined ? this.#failures : [this.#before, ...this.#failures]));
    } else this.#wait(wasPlaying);
  }

  #connect(failure: Failure | undefined): void {
    this.#close();
    const way = this.#ways[this.#way] ?? "flv";
    const { servers } = this.#options;
    const ordered = [...servers.slice(this.#server), ...servers.slice(0, this.#server)];
    const [url = "", ...others] = ordered.map((server) => mediaUrl(server, way));
    const attempt = { server: this.#server, way, url, others };
    this.#change({ kind: "connecting", attempt, failure });
    const current = this.#current;
    this.#engine = this.#options.open(attempt, (reason) => {
      if (current === this.#current) this.fail(reason);
    });
  }

  #wait(wasPlaying: boolean): void {
    const failure = mostTelling(this.#failures);
    if (this.#failures.some(isNoWay) && this.#way + 1 < this.#ways.length) {
      this.#way++;
      this.#failures = [];
      this.#connect(failure);
      return;
    }
    if (this.#failures.every(isPermanent)) this.#way = 0;
    const retryAfterMs = failure.kind === "status" ? Math.min(failure.retryAfterMs, MAX_RETRY_AFTER_MS) : 0;
    const slow = isPermanent(failure);
    // The first try after a picture is soon whatever came: mostly the connection broke.
    const waitMs = slow && !wasPlaying ? this.#backoff.nextSlow(SLOW_RETRY_MS) : this.#backoff.next();
    const ms = Math.max(waitMs, retryAfterMs);
    this.#failures = [];
    this.#before = failure;
    this.#timer = this.#options.clock.after(ms, () => this.#connect(failure));
    this.#change({ kind: "waiting", failure, retryAt: this.#options.clock.now() + ms });
  }

  #close(): void {
    this.#current++;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#engine?.close();
    this.#engine = undefined;
  }

  #change(state: PlaybackState): void {
    this.#state = state;
    this.#options.onChange(state);
  }
}

/** The server does not offer the stream in this way, or the scripts for it are missing: another way may do. */
function isNoWay(failure: Failure): boolean {
  return failure.kind === "player" || (failure.kind === "status" && [405, 406, 426, 501].includes(failure.status));
}

function isPermanent(failure: Failure): boolean {
  return failure.kind === "codec" || (failure.kind === "status" && [401, 403, 406].includes(failure.status));
}

/** Of several servers' failures, the one that says most: what a server said, before what came of silence. */
function mostTelling(failures: readonly Failure[]): Failure {
  const rank = ({ kind }: Failure): number =>
    ["codec", "status", "ended", "broken", "player", "stalled", "lost"].indexOf(kind);
  const refused = failures.find((failure) => failure.kind === "status" && failure.status !== 404);
  const best = failures.toSorted((a, b) => rank(a) - rank(b))[0];
  return refused ?? best ?? { kind: "lost" };
}

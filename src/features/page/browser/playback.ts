import { Backoff } from "../../../base/backoff.ts";
import type { Timer } from "../../../base/clock.ts";
import type { Attempt, Engine, Failure, OnFailure } from "./engine.ts";
import { type MediaServer, mediaUrl, type Way } from "./media-address.ts";

/** The first wait is short, as mostly an encoder or a server is restarting. Later waits spare a server that thousands wait for. */
const RETRY = { firstMs: 1000, factor: 1.5, maxMs: 10_000 };
/** The wait after failures that will not change soon: a refusal, a codec. */
const SLOW_RETRY_MS = 30_000;
/** Maximum wait that a server can ask for by `Retry-After`. */
const MAX_RETRY_AFTER_MS = 120_000;
/** After a picture that lasted this long, the next wait is a first one again. */
const HEALTHY_MS = 5000;

/** The state of a playback. */
export type PlaybackState =
  | { readonly kind: "stopped" }
  /** `failure`: why earlier attempts failed; undefined for the first one. */
  | { readonly kind: "connecting"; readonly attempt: Attempt; readonly failure: Failure | undefined }
  | { readonly kind: "playing"; readonly attempt: Attempt }
  /** All servers have failed; the next round begins at `retryAt`, ms of the clock. */
  | { readonly kind: "waiting"; readonly failure: Failure; readonly retryAt: number };

/** What a playback needs. */
export interface PlaybackOptions {
  readonly servers: readonly MediaServer[];
  /** The ways that the browser supports, the best first; at least one. */
  readonly ways: readonly Way[];
  readonly clock: { now(): number; after(ms: number, call: () => void): Pick<Timer, "cancel"> };
  /** Returns numbers in [0, 1). */
  readonly random: () => number;
  open(attempt: Attempt, onFailure: OnFailure): Engine;
  onChange(state: PlaybackState): void;
}

/**
 * Keeps a stream playing, with one attempt at a time. A round tries each server once, without a pause. When all have failed, a wait
 * follows, and the next round begins with the server that was tried last.
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
  /** Number of the current attempt; failures of earlier ones are ignored. */
  #current = 0;
  #server = 0;
  #way = 0;
  /** The failures of this round. */
  #failures: Failure[] = [];
  /** The failure of the round before, which is shown until one that tells more, or a picture, comes. */
  #before: Failure | undefined;
  #playingSince = 0;
  #movedAt = 0;
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

  /** Starts, or starts anew; also ends a wait. */
  start(): void {
    this.#failures = [];
    this.#before = undefined;
    this.#connect(undefined);
  }

  /** Ends the current attempt or wait. */
  stop(): void {
    this.#close();
    this.#change({ kind: "stopped" });
  }

  /** Starts anew with other ways. */
  use(ways: readonly Way[]): void {
    this.#ways = ways;
    this.#way = 0;
    this.#backoff.reset();
    this.start();
  }

  /** The picture moves. */
  picture(): void {
    this.#movedAt = this.#options.clock.now();
    if (this.#state.kind !== "connecting") return;
    this.#hadPicture = true;
    this.#before = undefined;
    this.#playingSince = this.#movedAt;
    this.#change({ kind: "playing", attempt: this.#state.attempt });
  }

  /** The current attempt has failed: reported by its engine, or by a watcher of the picture. */
  fail(failure: Failure): void {
    if (this.#state.kind !== "connecting" && this.#state.kind !== "playing") return;
    const wasPlaying = this.#state.kind === "playing";
    this.#close();
    if (wasPlaying) {
      this.#failures = [];
      if (this.#movedAt - this.#playingSince >= HEALTHY_MS) this.#backoff.reset();
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
    // The first attempt after a picture comes soon, whatever the failure: mostly the connection broke.
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

/** Whether the server does not offer the stream in this way, or its script could not be loaded: another way may work. */
function isNoWay(failure: Failure): boolean {
  return failure.kind === "player" || (failure.kind === "status" && [405, 406, 426, 501].includes(failure.status));
}

function isPermanent(failure: Failure): boolean {
  return failure.kind === "codec" || (failure.kind === "status" && [401, 403, 406].includes(failure.status));
}

/** The failure of several servers that tells most: an answer of a server before silence. */
function mostTelling(failures: readonly Failure[]): Failure {
  const rank = ({ kind }: Failure): number =>
    ["codec", "status", "ended", "broken", "player", "stuck", "stalled", "lost"].indexOf(kind);
  const refused = failures.find((failure) => failure.kind === "status" && failure.status !== 404);
  const best = failures.toSorted((a, b) => rank(a) - rank(b))[0];
  return refused ?? best ?? { kind: "lost" };
}

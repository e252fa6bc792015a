import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, type StreamObserver, streamLabel } from "../../live/streams.ts";
import { DEFAULT_VHOST } from "../../rtmp/address.ts";
import { looseName, vhostOf } from "./loose-name.ts";

/** Viewers often wait up to this long, while an edge searches for the stream or an encoder is about to start. */
const WAIT_MS = 3000;
/** Maximum number of log lines in each window. */
const LINES = 10;
const WINDOW_MS = 10_000;

/** Maximum number of absent streams of one loose name that are remembered, so that each is logged once in `AGAIN_MS`. */
const MAX_ABSENT = 16;
const AGAIN_MS = 3_600_000;

/** A stream with viewers. */
interface Watched {
  /** When its viewers came, or its publisher left, monotonic ms. */
  since: number;
  /** Whether its hint was logged. */
  hinted: boolean;
}

/** The streams of one loose name. */
interface Alike {
  readonly live: Set<Stream>;
  readonly watched: Map<Stream, Watched>;
  /** Keys of absent streams that clients asked for, and when they were logged, monotonic ms; the oldest first. */
  readonly absent: Map<string, number>;
  /** Whether a check is scheduled. */
  due: boolean;
}

/** Warns the operator when viewers wait or ask for a name that differs by one spelling from a live one. */
export class SpellingHints implements Feature, StreamObserver {
  readonly name = "hints";
  readonly streams = this;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byName = new Map<string, Alike>();
  #windowSince = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  published(stream: Stream): void {
    this.#change(stream, ({ live }) => live.add(stream));
  }

  unpublished(stream: Stream): void {
    this.#change(stream, ({ live, watched }) => {
      live.delete(stream);
      const waiting = watched.get(stream);
      if (waiting !== undefined) waiting.since = this.#clock.now();
    });
  }

  wanted(stream: Stream): void {
    this.#change(stream, ({ watched }) => watched.set(stream, { since: this.#clock.now(), hinted: false }));
  }

  unwanted(stream: Stream): void {
    this.#change(stream, ({ watched }) => watched.delete(stream));
  }

  absent({ vhost, app, stream }: StreamName): void {
    const key = `${vhost}/${app}/${stream}`;
    const loose = looseName(key);
    const alike = loose === undefined ? undefined : this.#byName.get(loose);
    if (alike === undefined || !this.#isNews(alike, key)) return;
    const other = closest(key, alike.live);
    if (other === undefined || !this.#mayLog()) return;
    alike.absent.set(key, this.#clock.now());
    const fields = { stream: streamLabel(key), live: streamLabel(other.key) };
    this.#log.warn("viewers ask for a stream that nobody publishes; one with a similar name is live", fields);
  }

  #change({ key }: Stream, change: (alike: Alike) => void): void {
    const loose = looseName(key);
    if (loose === undefined) return;
    const alike = this.#byName.get(loose) ?? {
      live: new Set<Stream>(),
      watched: new Map<Stream, Watched>(),
      absent: new Map<string, number>(),
      due: false,
    };
    change(alike);
    if (alike.live.size + alike.watched.size === 0) this.#byName.delete(loose);
    else {
      this.#byName.set(loose, alike);
      this.#lookLater(alike);
    }
  }

  #lookLater(alike: Alike): void {
    if (alike.due || !mayBeMixedUp(alike)) return;
    alike.due = true;
    this.#clock.after(WAIT_MS, () => {
      alike.due = false;
      this.#look(alike);
    });
  }

  #look(alike: Alike): void {
    const { live, watched } = alike;
    for (const [stream, waiting] of watched) {
      if (live.has(stream) || waiting.hinted) continue;
      if (this.#clock.now() - waiting.since < WAIT_MS) this.#lookLater(alike);
      else {
        const other = closest(stream.key, live);
        if (other === undefined) continue;
        if (!this.#mayLog()) {
          this.#lookLater(alike);
          return;
        }
        waiting.hinted = true;
        const fields = { stream: streamLabel(stream.key), live: streamLabel(other.key) };
        this.#log.warn("viewers wait for a stream that nobody publishes; one with a similar name is live", fields);
      }
    }
  }

  /** Whether an absent stream was not logged within `AGAIN_MS`; forgets streams that were logged before that. */
  #isNews({ absent }: Alike, key: string): boolean {
    for (const [known, at] of absent) {
      if (this.#clock.now() - at < AGAIN_MS) break;
      absent.delete(known);
    }
    return !absent.has(key) && absent.size < MAX_ABSENT;
  }

  #mayLog(): boolean {
    const now = this.#clock.now();
    if (now - this.#windowSince >= WINDOW_MS) {
      this.#windowSince = now;
      this.#lines = 0;
    }
    return this.#lines++ < LINES;
  }
}

/** The live stream that was probably meant: one of the same vhost; otherwise one of another vhost, if either vhost is the default one. */
function closest(wanted: string, live: ReadonlySet<Stream>): Stream | undefined {
  const own = vhostOf(wanted);
  let best: Stream | undefined;
  for (const stream of live) {
    const vhost = vhostOf(stream.key);
    if (vhost === own) return stream;
    // Two configured vhosts are two customers, whose streams may have the same names.
    if (vhost === DEFAULT_VHOST || own === DEFAULT_VHOST) best = stream;
  }
  return best;
}

/** Whether some streams are live and others have waiting viewers. */
function mayBeMixedUp({ live, watched }: Alike): boolean {
  if (live.size === 0) return false;
  for (const stream of watched.keys()) if (!live.has(stream)) return true;
  return false;
}

import type { Clock, Timer } from "../../base/clock.ts";
import { LineLimit } from "../../base/line-limit.ts";
import type { Log } from "../../base/log.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HealthReport } from "../../live/ports/health.ts";
import type { Report } from "../../live/ports/report.ts";
import type { Stream } from "../../live/stream.ts";
import { nameOfKey, type StreamObserver, streamLabel } from "../../live/streams.ts";
import { StreamHealth, type Thresholds } from "./stream-health.ts";

const LOOK_MS = 1000;
/** Maximum number of streams that are looked at in one turn of the event loop. */
const SLICE = 500;

/** What health needs from outside. */
export interface HealthContext {
  readonly clock: Clock;
  readonly log: Log;
  /** The thresholds of the vhost with this name, by the configuration in effect. */
  thresholds(vhost: string): Thresholds | undefined;
}

/** Limits on the log's lines about one state: an outage of many streams costs a few lines. */
interface StateLines {
  readonly begun: LineLimit;
  readonly ended: LineLimit;
}

/** Looks at all published streams once a second, and reports and logs their health problems. */
export class Health implements Feature, StreamObserver {
  readonly name = "health";
  readonly streams = this;
  readonly #context: HealthContext;
  readonly #watched = new Map<Stream, StreamHealth>();
  readonly #lines = new Map<string, StateLines>();
  /** Runs while any stream is published. */
  #timer: Timer | undefined;

  constructor(context: HealthContext) {
    this.#context = context;
  }

  published(stream: Stream): void {
    this.#watched.set(stream, new StreamHealth(stream));
    this.#timer ??= this.#context.clock.every(LOOK_MS, () => this.#lookAt([...this.#watched]));
  }

  unpublished(stream: Stream): void {
    this.#watched.delete(stream);
    if (this.#watched.size === 0) this.stop();
  }

  report(): Report {
    const { clock } = this.#context;
    const health: HealthReport[] = [];
    let streams = 0;
    for (const [{ key: stream }, watched] of this.#watched) {
      const before = health.length;
      for (const { state, since, detail } of watched.current())
        health.push({ stream, state, since: Math.round(clock.wall() - clock.now() + since), detail });
      if (health.length > before) streams++;
    }
    return { health, ...(streams === 0 ? {} : { now: { unhealthy_streams: streams } }) };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #lookAt(watched: readonly (readonly [Stream, StreamHealth])[]): void {
    const now = this.#context.clock.now();
    for (const [stream, health] of watched.slice(0, SLICE))
      if (this.#watched.get(stream) === health) this.#look(stream, health, now);
    if (watched.length > SLICE) this.#context.clock.soon(() => this.#lookAt(watched.slice(SLICE)));
  }

  #look(stream: Stream, health: StreamHealth, now: number): void {
    const { log, thresholds } = this.#context;
    const found = thresholds(nameOfKey(stream.key).vhost);
    if (found === undefined) return;
    for (const { state, detail, lastedMs } of health.look(now, found)) {
      const fields = { stream: streamLabel(stream.key), source: stream.source?.info.id, state };
      const { begun, ended } = this.#linesOf(state);
      if (lastedMs === undefined) {
        if (begun.take()) log.warn("stream is unhealthy", { ...fields, detail });
      } else if (ended.take()) log.info("stream has recovered", { ...fields, seconds: Math.round(lastedMs / 1000) });
    }
  }

  #linesOf(state: string): StateLines {
    const { clock, log } = this.#context;
    const known = this.#lines.get(state);
    if (known !== undefined) return known;
    const begun = new LineLimit(clock, (streams) => log.warn("more streams are unhealthy", { state, streams }));
    const ended = new LineLimit(clock, (streams) => log.info("more streams have recovered", { state, streams }));
    const made = { begun, ended };
    this.#lines.set(state, made);
    return made;
  }
}

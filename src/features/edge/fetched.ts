import type { Timer } from "../../base/clock.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { Source, SourceEnd, SourceInfo } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import type { MissingStreams } from "./missing.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";
import { ParamsChooser, paramsKey, type RequestParams, sameParams } from "./params-chooser.ts";
import { Shortcut } from "./shortcut.ts";
import { Upstream, type UpstreamOwner } from "./upstream.ts";

/** Shared by all fetched streams of a vhost. */
export interface FetchedOptions {
  readonly context: EdgeContext;
  readonly origins: Origins;
  readonly missing: MissingStreams;
  /** Streams and parameters that origins have refused, by `paramsKey`. */
  readonly refusedParams: MissingStreams;
  config: EdgeConfig;
  /** An id for the log. */
  nextId(): string;
  /** Without viewers: its linger time is over, no origin has the stream, or it is published locally. */
  done(fetched: Fetched): void;
}

/*
 * idle ──begin──> fetching ──unwatch──> lingering ──(time is up)──> done
 *  ^                │     ^                 │ │
 *  └──stopFetching──┘     └──────watch──────┘ └──stopFetching──> done
 */
/** A stream that local viewers request: fetched from the origins while they watch, and for the linger time after. */
export class Fetched implements UpstreamOwner {
  readonly stream: Stream;
  readonly name: StreamName;
  readonly #options: FetchedOptions;
  readonly paramsChooser: ParamsChooser;
  #upstreams: readonly Upstream[] = [];
  /** Bytes received by upstreams that are gone. */
  #pastBytes = 0;
  /** Each upstream's source stays until the upstream's next source takes over, or until no origin has the stream. */
  readonly #sources = new Map<Upstream, Source>();
  readonly #own = new WeakSet<Source>();
  #publishing = false;
  /** The stream has run: its viewers were let in, and stay. */
  #ran = false;
  /** Origins refused the last parameters. */
  #refused = false;
  #watched = true;
  #linger: Timer | undefined;
  /** No origin had the stream a moment ago. */
  #hold: Timer | undefined;
  #wait: Timer | undefined;
  readonly #shortcut: Shortcut;

  constructor(options: FetchedOptions, stream: Stream, name: StreamName, demand: Demand) {
    this.#options = options;
    this.stream = stream;
    this.name = name;
    this.paramsChooser = new ParamsChooser(() => stream.demands(), demand);
    const { clock, randomNumber } = options.context;
    this.#shortcut = new Shortcut({
      ...{ clock, randomNumber },
      playing: () => this.#playing,
      look: (upstream) => this.#hasShorter(upstream),
      add: () => {
        const upstream = this.#another();
        this.#upstreams = [...this.#upstreams, upstream];
        return upstream;
      },
      drop: (upstream) => this.#drop(upstream),
    });
  }

  get config(): EdgeConfig {
    return this.#options.config;
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams;
  }

  /** Bytes received from all origins. */
  get bytes(): number {
    return this.#upstreams.reduce((sum, { bytes }) => sum + bytes, this.#pastBytes);
  }

  /** Whether a source that was just published, or is about to be, comes from an origin. */
  owns(source: Source): boolean {
    return this.#publishing || this.#own.has(source);
  }

  /** Starts to look for the stream, unless no origin had it a moment ago. */
  begin(): void {
    const { context, missing } = this.#options;
    if (this.#upstreams.length > 0 || this.#hold !== undefined) return;
    this.#armWait();
    const holdMs = missing.remainingMs(this.stream.key);
    if (holdMs === 0) this.#start();
    else
      this.#hold = context.clock.after(holdMs, () => {
        this.#hold = undefined;
        this.#start();
      });
  }

  /** An origin is alive again: waiting attempts are made soon. */
  retrySoon(): void {
    if (this.#hold !== undefined) {
      this.#hold.cancel();
      this.#hold = undefined;
      this.#start();
    } else for (const upstream of this.#upstreams) upstream.retrySoon();
  }

  /** The stream may have moved to another node: the search soon includes that node. */
  moved(): void {
    if (this.#hold !== undefined) this.retrySoon();
    else for (const upstream of this.#upstreams) upstream.moved();
  }

  /** The stream now comes through other servers. */
  rerouted(): void {
    const { source } = this.stream;
    if (source !== undefined && this.#own.has(source) && source.info.hops.length > 1 && this.#options.origins.asksNodes)
      this.#shortcut.longer();
  }

  /** Another source is about to become the stream's. */
  switched(): void {
    const { next } = this.#shortcut;
    if (next === undefined || next !== this.#playing) return;
    // Later, not within the change.
    this.#options.context.clock.soon(() => {
      if (next !== this.#shortcut.next) return;
      const source = this.#sources.get(next);
      if (source !== undefined) source.preferred = false;
      this.#shortcut.taken();
    });
  }

  /** The stream is published locally. Without viewers it will not be fetched again. */
  stopFetching(): void {
    this.#stop();
    if (!this.#watched) this.#options.done(this);
  }

  #stop(how: SourceEnd = "unpublished"): void {
    this.#shortcut.stop();
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#wait?.cancel();
    this.#wait = undefined;
    const upstreams = this.#upstreams;
    this.#upstreams = [];
    for (const upstream of upstreams) {
      upstream.stop();
      this.#pastBytes += upstream.bytes;
    }
    this.#options.origins.forget(this.stream.key);
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    for (const source of sources) source.end(how);
  }

  /** A viewer has come back. */
  watch(): void {
    this.#watched = true;
    this.#linger?.cancel();
    this.#linger = undefined;
  }

  /** Another viewer has joined. Its parameters may be accepted where others' were refused, or it may allow a request with fewer hops. */
  viewerJoined(demand: Demand): void {
    if (this.#sources.size > 0) return;
    const fewerHops = this.paramsChooser.needsFewerHops(demand);
    for (const upstream of this.#upstreams) {
      if (fewerHops) upstream.askAgain();
      else if (this.#refused) upstream.retrySoon();
    }
  }

  /** The last viewer has left: a running stream lingers, a search ends at once. */
  unwatch(): void {
    const { context, done } = this.#options;
    this.#watched = false;
    this.#wait?.cancel();
    this.#wait = undefined;
    const lingerMs = this.#sources.size > 0 ? this.config.linger * 1000 : 0;
    if (lingerMs === 0) done(this);
    else this.#linger = context.clock.after(lingerMs, () => done(this));
  }

  /**
   * The configuration has changed: connections to origins that are still listed continue; others count as lost.
   */
  reconfigure(config: EdgeConfig): void {
    this.#options.config = config;
    this.#shortcut.stop();
    if (this.#upstreams.length === 0) return;
    const { origins } = this.#options;
    const listed = this.#upstreams.filter(({ origin }) => origin === undefined || origins.has(origin));
    const playing = (upstream: Upstream) => Number(this.#sources.get(upstream) === this.stream.source);
    const kept = listed.toSorted((a, b) => playing(b) - playing(a)).slice(0, this.#wantedUpstreams);
    const dropped = this.#upstreams.filter((upstream) => !kept.includes(upstream));
    const added = Array.from({ length: this.#wantedUpstreams - kept.length }, () => this.#another());
    this.#upstreams = [...kept, ...added];
    const successors = added.values();
    for (const upstream of dropped) this.#replace(upstream, successors.next().value);
    for (const upstream of added) upstream.start();
  }

  /** Ends everything, the stream's sources in this way; the owner drops this object. */
  end(how?: SourceEnd): void {
    this.#linger?.cancel();
    this.#stop(how);
  }

  taken(by: Upstream): ReadonlySet<Origin> {
    const others = this.#upstreams.filter((upstream) => upstream !== by);
    return new Set(others.flatMap(({ origin }) => (origin === undefined ? [] : [origin])));
  }

  publish(by: Upstream, info: SourceInfo, params: RequestParams): Source | undefined {
    const before = this.#sources.get(by);
    const active = this.stream.source;
    // A new source replaces its own upstream's last source, and stands by behind another upstream's.
    const others = active !== undefined && this.#own.has(active) ? "standby" : "reject";
    const isShortcut = by === this.#shortcut.next;
    if (isShortcut && active !== undefined && info.hops.length >= active.info.hops.length) {
      // The way is no longer shorter than the present one.
      this.#options.context.clock.soon(() => this.#shortcut.stop());
      return undefined;
    }
    this.#publishing = true;
    const source = this.stream.publish(info, {
      onConflict: active !== undefined && active === before ? "replace" : others,
      preferred: isShortcut,
    });
    this.#publishing = false;
    if (source === undefined) return undefined;
    if (before?.role === "standby") before.end("lost");
    this.#sources.set(by, source);
    this.#own.add(source);
    this.#ran = true;
    this.#refused = false;
    this.paramsChooser.accepted(params);
    this.#options.missing.delete(this.stream.key);
    this.#wait?.cancel();
    this.#wait = undefined;
    return source;
  }

  lost(by: Upstream): void {
    // While another upstream's source runs, a lost source ends at once.
    const source = this.#sources.size > 1 ? this.#sources.get(by) : undefined;
    if (source === undefined) return;
    this.#sources.delete(by);
    source.end("lost");
  }

  refused(params: RequestParams, reason: string | undefined): boolean {
    const others = this.paramsChooser.refused(params);
    this.#refused = !others;
    // Viewers that were let in stay.
    if (reason === undefined || this.#ran) return others;
    const { refusedParams, config } = this.#options;
    refusedParams.add(paramsKey(this.stream.key, params.viewer), config.missing_ttl * 1000, reason);
    this.stream.notifyRefused((demand) => sameParams(demand, params.viewer), reason);
    return others;
  }

  nowhere(by: Upstream, absent: boolean, ended: boolean): void {
    const source = this.#sources.get(by);
    this.#sources.delete(by);
    source?.end(ended ? "unpublished" : "lost");
    if (this.#sources.size > 0) return;
    if (absent) this.#addMissing([by]);
    if (this.#watched) this.#armWait();
    else this.#options.done(this);
  }

  yieldedNothing(params: RequestParams): void {
    if (this.#sources.size === 0) this.paramsChooser.yieldedNothing(params);
  }

  /** For a while, the stream is not searched for again, and viewers with the same parameters are refused at once. */
  #addMissing(askedBy: readonly Upstream[]): void {
    const { key } = this.stream;
    const ttlMs = this.config.missing_ttl * 1000;
    this.#options.missing.add(key, ttlMs);
    for (const { params } of askedBy) this.#options.missing.add(paramsKey(key, params.viewer), ttlMs);
  }

  get #wantedUpstreams(): number {
    const { redundancy, origin } = this.config;
    return this.#options.origins.asksNodes ? redundancy : Math.max(1, Math.min(redundancy, origin.length));
  }

  #start(): void {
    this.#upstreams = Array.from({ length: this.#wantedUpstreams }, () => this.#another());
    for (const upstream of this.#upstreams) upstream.start();
  }

  #another(): Upstream {
    const { context, origins, nextId } = this.#options;
    return new Upstream(context, origins, this, nextId());
  }

  /** Ends an upstream. Unless another one has the stream, its source stays, so that the successor's source can continue it. */
  #replace(upstream: Upstream, successor: Upstream | undefined): void {
    upstream.stop();
    this.#pastBytes += upstream.bytes;
    const source = this.#sources.get(upstream);
    this.#sources.delete(upstream);
    if (source === undefined) return;
    if (this.#sources.size > 0 || successor === undefined) source.end("lost");
    else this.#sources.set(successor, source);
  }

  /** The connection whose source is the stream's. */
  get #playing(): Upstream | undefined {
    return this.#upstreams.find((upstream) => this.#sources.get(upstream) === this.stream.source);
  }

  async #hasShorter({ origin }: Upstream): Promise<boolean> {
    const { origins } = this.#options;
    await origins.look(this.stream.key);
    return origin !== undefined && origins.hasShorter(this.stream.key, origin);
  }

  #drop(upstream: Upstream): void {
    this.#upstreams = this.#upstreams.filter((each) => each !== upstream);
    this.#replace(upstream, undefined);
  }

  #armWait(): void {
    const { wait } = this.config;
    if (wait === 0 || this.#wait !== undefined || this.#sources.size > 0) return;
    this.#wait = this.#options.context.clock.after(wait * 1000, () => {
      this.#wait = undefined;
      // An origin that cannot be reached may have the stream.
      if (this.#upstreams.every((upstream) => upstream.waitsThere)) this.#addMissing(this.#upstreams);
      this.stream.notifyMissing(`no origin has given ${streamLabel(this.stream.key)} within ${wait} s`);
    });
  }
}

import type { Refused } from "../../live/ports/entry.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext } from "./context.ts";
import { HlsGroup } from "./group.ts";
import { HlsStream, type HlsStreamEvents } from "./hls-stream.ts";
import type { ListedSegment } from "./window.ts";

/** How long, and how many, streams are remembered whose playlists are gone. */
const GONE_MS = 600_000;
const MAX_GONE = 4096;

/** The HLS of all streams, and their segments by path. */
export class HlsStreams implements HlsStreamEvents {
  readonly #context: HlsContext;
  readonly #observers: readonly Partial<HlsStreamEvents>[];
  readonly #streams = new Map<string, HlsStream>();
  /** By name. It can't be guessed, so that it alone is enough: a segment's address may be spelled in several ways, and has no vhost. */
  readonly #segments = new Map<string, ListedSegment>();
  /** Init segments by name, for as long as there is a segment that needs them. */
  readonly #inits = new Map<string, { readonly bytes: Uint8Array; segments: number }>();
  /** By key, until when, monotonic ms; the oldest first. */
  readonly #gone = new Map<string, number>();

  constructor(context: HlsContext, observers: readonly Partial<HlsStreamEvents>[]) {
    this.#context = context;
    this.#observers = observers;
  }

  all(): Iterable<HlsStream> {
    return this.#streams.values();
  }

  find({ vhost, app, stream }: StreamName): HlsStream | undefined {
    return this.#streams.get(`${vhost}/${app}/${stream}`);
  }

  /** The streams that the playlist of a name lists. */
  group(name: StreamName, config: HlsConfig): HlsGroup {
    return new HlsGroup(this, name, config);
  }

  /** That of a stream, made where there is none. */
  open(name: StreamName, config: HlsConfig): HlsStream {
    const known = this.find(name);
    if (known !== undefined) return known;
    const stream = new HlsStream(this.#context, name, config, this);
    this.#streams.set(stream.key, stream);
    this.#gone.delete(stream.key);
    return stream;
  }

  /** A segment that may still be asked for. */
  segment(name: string): ListedSegment | undefined {
    return this.#segments.get(name);
  }

  /** An init segment whose segments may still be asked for. */
  init(name: string): Uint8Array | undefined {
    return this.#inits.get(name)?.bytes;
  }

  /** What to say of a stream that nobody publishes: it is gone, or was never there. */
  absent(name: StreamName): Refused {
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    const gone = (this.#gone.get(key) ?? 0) > this.#context.clock.now();
    const reason = gone ? `${streamLabel(key)} is over` : `nobody publishes ${streamLabel(key)}`;
    return { ok: false, rule: "missing", kind: gone ? "gone" : "missing", reason };
  }

  /** Forgets one that nobody has published and that nobody waits for. */
  closeIfIdle(stream: HlsStream): void {
    if (stream.idle) this.close(stream);
  }

  /** Forgets a stream; its memory is free then. */
  close(stream: HlsStream): void {
    if (this.#streams.get(stream.key) !== stream) return;
    this.#streams.delete(stream.key);
    stream.close();
  }

  listed(stream: HlsStream, segment: ListedSegment): void {
    if (segment.bytes !== undefined) this.#segments.set(segment.name, segment);
    const { init, initName } = segment;
    if (init !== undefined && initName !== undefined) {
      const known = this.#inits.get(initName);
      if (known === undefined) this.#inits.set(initName, { bytes: init, segments: 1 });
      else known.segments++;
    }
    for (const observer of this.#observers) observer.listed?.(stream, segment);
  }

  removed(stream: HlsStream, segment: ListedSegment): void {
    if (this.#segments.get(segment.name) === segment) this.#segments.delete(segment.name);
    const init = this.#inits.get(segment.initName ?? "");
    if (init !== undefined && --init.segments === 0) this.#inits.delete(segment.initName ?? "");
    for (const observer of this.#observers) observer.removed?.(stream, segment);
  }

  changed(stream: HlsStream): void {
    for (const observer of this.#observers) observer.changed?.(stream);
  }

  closed(stream: HlsStream): void {
    for (const observer of this.#observers) observer.closed?.(stream);
  }

  disposed(stream: HlsStream): void {
    for (const observer of this.#observers) observer.disposed?.(stream);
    this.close(stream);
    if (this.#gone.size >= MAX_GONE) this.#gone.delete(this.#gone.keys().next().value ?? "");
    this.#gone.set(stream.key, this.#context.clock.now() + GONE_MS);
  }
}

import type { Refused } from "../../live/ports/entry.ts";
import type { Ladder } from "../../live/source/ladder.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import { partsStreamOf } from "./address.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext } from "./context.ts";
import { endingsOf } from "./endings.ts";
import { HlsGroup } from "./group.ts";
import { HlsStream, type HlsStreamEvents } from "./hls-stream.ts";
import { renditionOf, renditionsFor } from "./rendition.ts";
import { ToldLadders } from "./told-ladders.ts";
import type { ListedPart, ListedSegment } from "./window.ts";

/** How long, ms, and how many streams are remembered whose playlists are gone. */
const GONE_MS = 600_000;
const MAX_GONE = 4096;

/** A rendition is closed if it has listed nothing for this long while its stream continues, ms. */
const MAX_QUIET_MS = 60_000;

/** The HLS of all streams, and their segments by path. */
export class HlsStreams implements HlsStreamEvents {
  readonly #context: HlsContext;
  readonly #observers: readonly Partial<HlsStreamEvents>[];
  readonly #ladders = new ToldLadders();
  readonly #grown: (key: string, endings: readonly string[]) => void;
  readonly #streams = new Map<string, HlsStream>();
  /** Segments by name alone, as it can't be guessed: the rest of a segment's address has several spellings, and no vhost. */
  readonly #segments = new Map<string, ListedSegment>();
  /** Parts by name, as segments. */
  readonly #parts = new Map<string, ListedPart>();
  /** Streams with parts, by `partsStreamOf` of the parts' names. */
  readonly #parted = new Map<string, HlsStream>();
  /** Init segments by name, for as long as there is a segment that needs them. */
  readonly #inits = new Map<string, { readonly bytes: Uint8Array; segments: number }>();
  /** Until when streams that are gone are remembered (monotonic ms), by key; the oldest first. */
  readonly #gone = new Map<string, number>();

  /** `grown` gets the key of a stream whose playlist may list more variants now, and all endings of their ladder. */
  constructor(
    context: HlsContext,
    observers: readonly Partial<HlsStreamEvents>[],
    grown: (key: string, endings: readonly string[]) => void = () => undefined,
  ) {
    this.#context = context;
    this.#observers = observers;
    this.#grown = grown;
  }

  all(): Iterable<HlsStream> {
    return this.#streams.values();
  }

  find({ vhost, app, stream }: StreamName): HlsStream | undefined {
    return this.#streams.get(`${vhost}/${app}/${stream}`);
  }

  /** The streams that the playlist of a name lists. */
  group(name: StreamName, config: HlsConfig): HlsGroup {
    const group = new HlsGroup(this, name, endingsOf(this.#context, name, config));
    group.grow(this.#ladders.endings(group.key));
    return group;
  }

  /** The last ladder that was told with a stream. */
  toldLadder(stream: HlsStream): Ladder | undefined {
    return this.#ladders.of(stream);
  }

  /** Whether the stream's own ladder is the one whose base has this key. */
  isStep(stream: HlsStream, base: string): boolean {
    return this.#ladders.baseOf(stream) === base;
  }

  /** The HLS of a stream, made where there is none. */
  open(name: StreamName, config: HlsConfig): HlsStream {
    const known = this.find(name);
    if (known !== undefined) return known;
    const stream = new HlsStream(this.#context, name, config, this);
    this.#streams.set(stream.key, stream);
    this.#gone.delete(stream.key);
    return stream;
  }

  /** A part of a stream by its rendition's id, made where there is none; undefined for an invalid id. */
  openPart(name: StreamName, config: HlsConfig, id: string): HlsStream | undefined {
    const main = this.open(name, config);
    const known = main.renditions.get(id);
    const rendition = renditionOf(id);
    if (known !== undefined || rendition === undefined) return known;
    const part = new HlsStream(this.#context, name, config, this, rendition, main.keys);
    this.#streams.set(part.key, part);
    main.addRendition(id, part);
    return part;
  }

  ladderTold(stream: HlsStream, ladder: Ladder | undefined): void {
    // A reader can't be added while others get their packets.
    this.#context.clock.soon(() => {
      if (this.#streams.get(stream.key) !== stream) return;
      const base = this.#ladders.tell(stream, ladder);
      if (base === undefined) return;
      this.#grown(base, this.#ladders.endings(base));
      this.#streams.get(base)?.grown();
    });
  }

  trackSeen(stream: HlsStream, track: number): void {
    // A reader can't be added while others get their packets.
    this.#context.clock.soon(() => {
      const { config } = stream;
      if (config === undefined || this.#streams.get(stream.key) !== stream) return;
      for (const id of renditionsFor(track)) this.openPart(stream.name, config, id);
    });
  }

  /** A segment that may still be asked for. */
  segment(name: string): ListedSegment | undefined {
    return this.#segments.get(name);
  }

  /** A part that may be asked for. */
  part(name: string): ListedPart | undefined {
    return this.#parts.get(name);
  }

  /** The stream whose next parts have names like this one, if any. */
  awaiting(name: string): HlsStream | undefined {
    return this.#parted.get(partsStreamOf(name));
  }

  /** An init segment whose segments may still be asked for. */
  init(name: string): Uint8Array | undefined {
    return this.#inits.get(name)?.bytes;
  }

  /** The refusal for a stream that is not published: its playlist is gone, or was never there. */
  absent(name: StreamName): Refused {
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    const gone = (this.#gone.get(key) ?? 0) > this.#context.clock.now();
    const reason = gone ? `${streamLabel(key)} is over` : `nobody publishes ${streamLabel(key)}`;
    return { ok: false, rule: "missing", kind: gone ? "gone" : "missing", reason };
  }

  /** Forgets the stream if it is idle. */
  closeIfIdle(stream: HlsStream): void {
    if (stream.idle) this.close(stream);
  }

  /** Forgets a stream and frees its memory. */
  close(stream: HlsStream): void {
    if (this.#streams.get(stream.key) !== stream) return;
    this.#streams.delete(stream.key);
    for (const part of [...stream.renditions.values()]) this.close(part);
    const { name, rendition } = stream;
    const whole = rendition && this.find(name);
    if (whole?.renditions.delete(rendition?.id ?? "")) whole.tracks.forget(Number(rendition?.id.slice(1)));
    this.#ladders.forget(stream);
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
    for (const part of segment.parts ?? []) this.#parts.set(part.name, part);
    for (const observer of this.#observers) observer.listed?.(stream, segment);
    if (stream.rendition !== undefined) this.find(stream.name)?.lookAgain();
    else this.#giveUpQuiet(stream);
  }

  /** Closes audio tracks, beside track 0, that have stopped. */
  #giveUpQuiet(stream: HlsStream): void {
    for (const [id, part] of stream.renditions)
      if (id !== "a0" && id !== "v" && part.listed && part.stale && part.quietMs > MAX_QUIET_MS) this.close(part);
  }

  partListed(stream: HlsStream, part: ListedPart): void {
    this.#parts.set(part.name, part);
    const prefix = partsStreamOf(part.name);
    if (this.#parted.get(prefix) !== stream) this.#forgetNames(stream);
    this.#parted.set(prefix, stream);
    for (const observer of this.#observers) observer.partListed?.(stream, part);
  }

  #forgetNames(stream: HlsStream): void {
    for (const [prefix, each] of this.#parted) if (each === stream) this.#parted.delete(prefix);
  }

  partsRemoved(_stream: HlsStream, parts: readonly ListedPart[]): void {
    for (const part of parts) if (this.#parts.get(part.name) === part) this.#parts.delete(part.name);
  }

  removed(stream: HlsStream, segment: ListedSegment): void {
    if (this.#segments.get(segment.name) === segment) this.#segments.delete(segment.name);
    const init = this.#inits.get(segment.initName ?? "");
    if (init !== undefined && --init.segments === 0) this.#inits.delete(segment.initName ?? "");
    this.partsRemoved(stream, segment.parts ?? []);
    for (const observer of this.#observers) observer.removed?.(stream, segment);
  }

  changed(stream: HlsStream): void {
    for (const observer of this.#observers) observer.changed?.(stream);
  }

  closed(stream: HlsStream): void {
    this.#forgetNames(stream);
    for (const observer of this.#observers) observer.closed?.(stream);
  }

  disposed(stream: HlsStream): void {
    for (const observer of this.#observers) observer.disposed?.(stream);
    this.close(stream);
    if (stream.rendition !== undefined) return;
    if (this.#gone.size >= MAX_GONE) this.#gone.delete(this.#gone.keys().next().value ?? "");
    this.#gone.set(stream.key, this.#context.clock.now() + GONE_MS);
  }
}

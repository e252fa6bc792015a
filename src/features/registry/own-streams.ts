import { MAX_STREAM_KEY } from "../../live/ports/node-state.ts";
import type { StreamRole } from "../../live/ports/nodes.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver } from "../../live/streams.ts";
import type { AnnouncedPlace } from "./store.ts";

/** Where a stream comes from; another one each time that somebody publishes it. */
export type OwnSource = Pick<Source, "info" | "dismiss">;

/** A stream that this node has. */
export interface OwnStream {
  /** Undefined for one that only the other process has, during an upgrade. */
  readonly stream: Stream | undefined;
  readonly source: OwnSource;
  readonly place: AnnouncedPlace;
  /** In which this process owns it; undefined for a copy, and for one that has not been claimed yet. */
  term: number | undefined;
  /** Another node owns it, and this publisher stands by. */
  standsBy: boolean;
  /** Another node owns it, and this publisher was told to end. */
  lost: boolean;
}

/** The streams of this node, and which of them others don't know yet as they are. */
export class OwnStreams implements StreamObserver {
  readonly all = new Map<string, OwnStream>();
  /** Keys of streams that have come, gone or changed since they were told. */
  readonly changed = new Set<string>();
  /** Keys of streams that are claimed here for clients that have not begun to publish yet. */
  readonly claimed = new Set<string>();
  /** What the other process of this node publishes, during an upgrade, by the streams' keys. */
  readonly #siblings = new Map<string, OwnSource>();
  readonly #onChange: () => void;

  /** `onChange` is called when `changed` is not empty any more. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get counts(): Record<StreamRole, number> {
    const counts = { published: 0, relayed: 0 };
    for (const { place } of this.all.values()) counts[place.role]++;
    return counts;
  }

  /** How many streams the registry has as this process's when all is told. */
  get announced(): number {
    let count = 0;
    for (const { standsBy } of this.all.values()) if (!standsBy) count++;
    for (const key of this.claimed) if (this.all.get(key)?.standsBy ?? true) count++;
    return count;
  }

  published(stream: Stream, _name: unknown, source: Source): void {
    this.#set(stream.key, stream, source);
  }

  switched(stream: Stream): void {
    if (stream.source !== undefined) this.#set(stream.key, stream, stream.source);
  }

  rerouted(stream: Stream): void {
    this.switched(stream);
  }

  unpublished({ key }: Stream): void {
    const sibling = this.#siblings.get(key);
    if (sibling !== undefined) this.#set(key, undefined, sibling);
    else if (this.all.delete(key)) this.change(key);
  }

  /** The other process of this node publishes a stream; without a source, no more. */
  atSibling(key: string, source: OwnSource | undefined): void {
    if (source === undefined) this.#siblings.delete(key);
    else this.#siblings.set(key, source);
    // What is here, too, may come from there: its own end counts.
    if (this.all.get(key)?.stream !== undefined) return;
    if (source !== undefined) this.#set(key, undefined, source);
    else if (this.all.delete(key)) this.change(key);
  }

  /** Others are to be told of a stream. */
  change(key: string): void {
    const first = this.changed.size === 0;
    this.changed.add(key);
    if (first) this.#onChange();
  }

  #set(key: string, stream: Stream | undefined, source: OwnSource): void {
    if (key.length > MAX_STREAM_KEY) return;
    const { via, hops } = source.info;
    const role = via === "pull" || hops.length > 0 ? "relayed" : "published";
    const before = this.all.get(key);
    const isSame = role === "published" && before?.place.role === role;
    const { term, standsBy, lost } = isSame ? before : { term: undefined, standsBy: false, lost: false };
    if (role === "published") this.claimed.delete(key);
    this.all.set(key, { stream, source, place: { role, hops }, term, standsBy, lost });
    this.change(key);
  }
}

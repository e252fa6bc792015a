import type { AccessRequest } from "../../live/ports/access.ts";
import { MAX_STREAM_KEY } from "../../live/ports/node-state.ts";
import type { StreamRole } from "../../live/ports/nodes.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver } from "../../live/streams.ts";
import type { AnnouncedPlace } from "./store.ts";

/** A stream's source: another object each time that the stream is published. */
export type OwnSource = Pick<Source, "info" | "dismiss">;

/** A stream that this node has. */
export interface OwnStream {
  /** Undefined for a stream that only this node's other process has, during an upgrade. */
  readonly stream: Stream | undefined;
  readonly source: OwnSource;
  readonly place: AnnouncedPlace;
  /** The term in which this node owns the stream; undefined for a copy, and for a stream that is not claimed yet. */
  term: number | undefined;
  /** Another node owns the stream, and the publisher here stands by. */
  standsBy: boolean;
  /** Another node owns the stream, and the publisher here was dismissed. */
  lost: boolean;
}

/** The streams of this node, and which of them must be announced. */
export class OwnStreams implements StreamObserver {
  readonly all = new Map<string, OwnStream>();
  /** Keys of streams that have come, gone or changed since they were last announced. */
  readonly changed = new Set<string>();
  /** Requests of clients that have not begun to publish yet, by the key of the stream that is claimed for them. */
  readonly claimed = new Map<string, AccessRequest>();
  /** Sources that this node's other process has during an upgrade, by the stream's key. */
  readonly #siblings = new Map<string, OwnSource>();
  readonly #onChange: () => void;

  /** `onChange` is called when `changed` gets its first key. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get counts(): Record<StreamRole, number> {
    const counts = { published: 0, relayed: 0 };
    for (const { place } of this.all.values()) counts[place.role]++;
    return counts;
  }

  /** Number of streams that the registry has for this node once all are announced. */
  get announced(): number {
    let count = 0;
    for (const { standsBy } of this.all.values()) if (!standsBy) count++;
    for (const key of this.claimed.keys()) if (this.all.get(key)?.standsBy ?? true) count++;
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

  /** This node's other process publishes the stream; without a source, it no longer does. */
  atSibling(key: string, source: OwnSource | undefined): void {
    if (source === undefined) this.#siblings.delete(key);
    else this.#siblings.set(key, source);
    // A stream that is here, too, may come from that process: `unpublished` reports its end.
    if (this.all.get(key)?.stream !== undefined) return;
    if (source !== undefined) this.#set(key, undefined, source);
    else if (this.all.delete(key)) this.change(key);
  }

  /** Marks a stream as changed, so that it is announced. */
  change(key: string): void {
    const first = this.changed.size === 0;
    this.changed.add(key);
    if (first) this.#onChange();
  }

  #set(key: string, stream: Stream | undefined, source: OwnSource): void {
    if (key.length > MAX_STREAM_KEY) return;
    const { via, hops, yields = false } = source.info;
    // The other process's copy of a stream whose origin tells no hops is known by `yields`.
    const role = via === "pull" || yields || hops.length > 0 ? "relayed" : "published";
    const before = this.all.get(key);
    const isSame = role === "published" && before?.place.role === role;
    const { term, standsBy, lost } = isSame ? before : { term: undefined, standsBy: false, lost: false };
    if (role === "published") this.claimed.delete(key);
    this.all.set(key, { stream, source, place: { role, hops }, term, standsBy, lost });
    this.change(key);
  }
}

import { MAX_STREAM_KEY } from "../../live/ports/node-state.ts";
import type { StreamRole } from "../../live/ports/nodes.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver } from "../../live/streams.ts";
import type { ToldPlace } from "./store.ts";

/** A stream that this process has. */
export interface OwnStream {
  readonly stream: Stream;
  readonly source: Source;
  readonly place: ToldPlace;
  /** In which this process owns it; undefined for a copy, and for one that has not been claimed yet. */
  term: number | undefined;
  /** Another node owns it, and this publisher stands by. */
  standsBy: boolean;
  /** Another node owns it, and this publisher was told to end. */
  lost: boolean;
}

/** The streams of this process, and which of them others don't know yet as they are. */
export class OwnStreams implements StreamObserver {
  readonly all = new Map<string, OwnStream>();
  /** Keys of streams that have come, gone or changed since they were told. */
  readonly changed = new Set<string>();
  /** Keys of streams that are claimed here for clients that have not begun to publish yet. */
  readonly claimed = new Set<string>();
  /** Keys of streams that the process before this one has told, as long as they may still come from it. */
  readonly inherited = new Set<string>();
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
  get told(): number {
    let count = 0;
    for (const { standsBy } of this.all.values()) if (!standsBy) count++;
    for (const key of this.claimed) if (this.all.get(key)?.standsBy ?? true) count++;
    return count + this.inherited.size;
  }

  published(stream: Stream, _name: unknown, source: Source): void {
    this.#set(stream, source);
  }

  switched(stream: Stream): void {
    if (stream.source !== undefined) this.#set(stream, stream.source);
  }

  rerouted(stream: Stream): void {
    this.switched(stream);
  }

  unpublished(stream: Stream): void {
    if (this.all.delete(stream.key)) this.change(stream.key);
  }

  /** Others are to be told of a stream. */
  change(key: string): void {
    const first = this.changed.size === 0;
    this.changed.add(key);
    if (first) this.#onChange();
  }

  #set(stream: Stream, source: Source): void {
    const { key } = stream;
    if (key.length > MAX_STREAM_KEY) return;
    const { via, hops } = source.info;
    const role = via === "pull" || hops.length > 0 ? "relayed" : "published";
    const before = this.all.get(key);
    const isSame = role === "published" && before?.place.role === role;
    const { term, standsBy, lost } = isSame ? before : { term: undefined, standsBy: false, lost: false };
    if (role === "published") this.claimed.delete(key);
    this.inherited.delete(key);
    this.all.set(key, { stream, source, place: { role, hops }, term, standsBy, lost });
    this.change(key);
  }
}

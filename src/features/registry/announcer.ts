import type { OnConflict } from "../../live/source/source.ts";
import type { OwnStream, OwnStreams } from "./own-streams.ts";
import type { Announcement, Claim, Ownership, Store } from "./store.ts";

/** Maximum number of streams in one announcement to the registry. */
const BATCH = 100;

/** What the announcer needs. */
export interface AnnouncerContext {
  readonly store: Pick<Store, "announce" | "announced">;
  readonly nodeId: string;
  readonly own: OwnStreams;
  isUp(): boolean;
  /** What a second publisher of a stream does, by the vhost's configuration. */
  onConflict(key: string): OnConflict;
  /** Another node owns a stream that is published here. */
  lost(key: string, stream: OwnStream, owner: string): void;
  /** The publisher here stands by for the owner's from now on, or no longer does. */
  standbyChanged(key: string, stream: OwnStream, owner: string): void;
}

/** Announces this process's streams to the registry: changed ones at once, and all of them from time to time. */
export class Announcer {
  readonly #context: AnnouncerContext;
  #running = false;
  /** The registry may have lost announcements: the next run announces all streams. */
  #all = true;

  constructor(context: AnnouncerContext) {
    this.#context = context;
  }

  /** The registry may have lost this process's streams: the next run announces all of them again. */
  forgotten(): void {
    this.#all = true;
  }

  /** Whether all streams are announced, as far as this process knows. */
  get done(): boolean {
    return !this.#running && !this.#all && this.#context.own.changed.size === 0;
  }

  /** Announces what has changed, unless a run is under way. Never rejects. */
  async run(): Promise<void> {
    const { own, isUp } = this.#context;
    if (this.#running || !isUp() || (!this.#all && own.changed.size === 0)) return;
    this.#running = true;
    try {
      if (this.#all) await this.#addAll();
      while (own.changed.size > 0 && isUp()) await this.#announce([...own.changed].slice(0, BATCH));
    } catch {
      // The registry may have taken a part: all streams are announced again. `#addAll` finds streams there that have ended meanwhile.
      this.#all = true;
      own.changed.clear();
    } finally {
      this.#running = false;
    }
  }

  async #addAll(): Promise<void> {
    const { store, nodeId, own } = this.#context;
    this.#all = false;
    for (const key of await store.announced(nodeId)) if (!own.claimed.has(key)) own.changed.add(key);
    for (const key of own.all.keys()) own.changed.add(key);
  }

  async #announce(keys: readonly string[]): Promise<void> {
    const { store, nodeId, own } = this.#context;
    for (const key of keys) own.changed.delete(key);
    const streams = keys.map((key) => own.all.get(key));
    const announcements = keys.map((key, at) => this.#announcementOf(key, streams[at]));
    const answers = await store.announce(nodeId, announcements);
    for (const [at, key] of keys.entries()) this.#take(key, streams[at], answers[at]);
  }

  #announcementOf(key: string, stream: OwnStream | undefined): Announcement {
    if (stream === undefined) return { key, place: undefined, claim: undefined };
    const { place } = stream;
    return { key, place, claim: place.role === "published" ? this.#claimFor(key, stream) : undefined };
  }

  #claimFor(key: string, { term, lost }: OwnStream): Claim {
    if (term !== undefined) return { kept: term };
    // A publisher that another node has replaced must not replace the new one while it ends.
    return this.#context.onConflict(key) === "replace" && !lost ? "replace" : "reject";
  }

  #take(key: string, announced: OwnStream | undefined, answer: Ownership | undefined): void {
    const { own, nodeId, lost, standbyChanged } = this.#context;
    const now = own.all.get(key);
    // The source may have ended meanwhile, and another one begun.
    if (announced === undefined || now === undefined || announced.place.role !== "published" || answer === undefined)
      return;
    if (now.source !== announced.source) return;
    const isOurs = answer.owner === nodeId;
    now.term = isOurs ? answer.term : undefined;
    const stoodBy = now.standsBy;
    now.standsBy = !isOurs && this.#context.onConflict(key) === "standby";
    if (now.standsBy !== stoodBy) standbyChanged(key, now, answer.owner);
    now.lost = !isOurs && !now.standsBy;
    if (now.lost) lost(key, now, answer.owner);
  }
}

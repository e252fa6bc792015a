import type { Segment, SegmentPart } from "./segment.ts";
import { SegmentMemory } from "./segment-memory.ts";

/**
 * Maximum bytes of segments beside the listed ones, as a share of those and as an addition: for growing segments, and for segments that are
 * kept for players with an older playlist.
 */
const MORE_SHARE = 0.5;
const MORE_EXTRA_BYTES = 128 * 1024;
/** Maximum bytes of listed segments; the window is shorter where they would be more. */
const MAX_LISTED_BYTES = 512 * 1024 * 1024;
/** Maximum number of entries. */
const MAX_ENTRIES = 1024;
/** Durations of the target that a playlist has at least (RFC 8216, section 6.2.2). */
const MIN_TARGETS = 3;

/** A part of a segment in the list, or of the newest one. */
export interface ListedPart extends SegmentPart {
  readonly name: string;
  /** Of the init segment. */
  readonly initName: string | undefined;
}

/** A segment that is in the list, or was until a while ago, and its file's name. */
export interface ListedSegment extends Segment {
  readonly name: string;
  readonly parts?: readonly ListedPart[];
  /** Of the init segment. */
  readonly initName: string | undefined;
  /** Counts the holders of its bytes: callers that need these for longer than a call hold it. */
  readonly memory: SegmentMemory | undefined;
  /** Whether observers of segments know of it, in whichever process of this server. */
  announced: boolean;
}

/** A part as another process had it. */
export type CarriedPart = Omit<ListedPart, "memory" | "initName">;

/** A segment as another process had it. */
export type CarriedSegment = Omit<ListedSegment, "memory" | "parts"> & { readonly parts: readonly CarriedPart[] };

/** What segments and their init segments are called. */
export interface SegmentNames {
  nameOf(segment: Segment): string;
  initNameOf(epoch: string, init: Uint8Array): string;
  partNameOf(part: SegmentPart): string;
}

interface Retired {
  readonly segment: ListedSegment;
  /** Monotonic ms. */
  readonly until: number;
}

/** Notifications for a window's owner. */
export interface WindowEvents {
  listedSegment(segment: ListedSegment): void;
  /** Clients may no longer ask for the segment. */
  removedSegment(segment: ListedSegment): void;
  /** Bytes of memory that growing segments have. */
  readonly growingBytes: number;
}

/**
 * The segments of one stream that players may ask for: those in the playlist, and those that were in one which players may still have
 * (RFC 8216, section 6.2.2). Numbers in the list follow each other, and never go back.
 */
export class Window {
  readonly #events: WindowEvents;
  readonly #names: SegmentNames;
  #windowMs: number;
  #entries: ListedSegment[] = [];
  readonly #retired: Retired[] = [];
  #listedBytes = 0;
  #retiredBytes = 0;
  #durationMs = 0;
  #targetSeconds = 0;
  /** Changes with the list. */
  version = 0;

  constructor(windowMs: number, names: SegmentNames, events: WindowEvents) {
    this.#windowMs = windowMs;
    this.#names = names;
    this.#events = events;
  }

  /** Oldest first. */
  get entries(): readonly ListedSegment[] {
    return this.#entries;
  }

  /** All segments that clients may ask for, oldest first. */
  get available(): ListedSegment[] {
    return [...this.#retired.map(({ segment }) => segment), ...this.#entries];
  }

  /** Upper bound of the durations that were ever listed of this epoch, whole seconds: it only grows. */
  get targetSeconds(): number {
    return this.#targetSeconds;
  }

  /** Duration of the list. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** Bytes of all segments in memory. */
  get bytes(): number {
    return this.#listedBytes + this.#retiredBytes;
  }

  /**
   * Lists the next entry at `now` (monotonic ms). An entry that does not follow the last one begins a new list. `carried`: the state
   * from the process that listed it first.
   */
  add(segment: Segment, now: number, carried?: Pick<CarriedSegment, "name" | "announced" | "parts">): void {
    this.expire(now);
    const last = this.#entries.at(-1);
    if (last !== undefined && (last.epoch !== segment.epoch || last.number + 1 !== segment.number)) {
      // An entry without a segment gives players nothing in place of the old list.
      if (segment.bytes === undefined) return;
      if (last.epoch !== segment.epoch) this.#targetSeconds = 0;
      while (this.#entries.length > 0) this.#retireFirst(now);
    }
    const memory = segment.bytes === undefined ? undefined : new SegmentMemory(segment.bytes);
    const { name = this.#names.nameOf(segment), announced = false } = carried ?? {};
    const initName = segment.init && this.#names.initNameOf(segment.epoch, segment.init);
    const init = initName === last?.initName ? last?.init : segment.init;
    const parts = (segment.parts ?? []).map((part) => {
      const partName = carried?.parts[part.index]?.name ?? this.#names.partNameOf(part);
      return { ...part, memory, name: partName, initName };
    });
    const entry = { ...segment, init, name, initName, memory, announced, parts };
    this.#entries.push(entry);
    this.#durationMs += segment.durationMs;
    this.#listedBytes += memoryOf(segment);
    this.#targetSeconds = Math.max(this.#targetSeconds, segment.targetSeconds, Math.round(segment.durationMs / 1000));
    this.version++;
    this.#events.listedSegment(entry);
    this.#trim(now);
  }

  /** The window has another length from the next entry on. */
  resize(windowMs: number): void {
    this.#windowMs = windowMs;
  }

  /** Forgets retired segments whose time is over. */
  expire(now: number): void {
    const maxBytes = MORE_SHARE * this.#listedBytes + MORE_EXTRA_BYTES - this.#events.growingBytes;
    for (let first = this.#retired[0]; first !== undefined; first = this.#retired[0]) {
      if (first.until > now && this.#retiredBytes <= maxBytes) return;
      this.#retired.shift();
      this.#retiredBytes -= memoryOf(first.segment);
      this.#remove(first.segment);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const segment of this.available) this.#remove(segment);
    this.#retired.length = 0;
    this.#entries = [];
    this.#listedBytes = 0;
    this.#retiredBytes = 0;
    this.#durationMs = 0;
    this.version++;
  }

  #remove(segment: ListedSegment): void {
    this.#events.removedSegment(segment);
    segment.memory?.release();
  }

  #trim(now: number): void {
    const windowMs = Math.max(this.#windowMs, MIN_TARGETS * this.#targetSeconds * 1000);
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      const isShort = this.#durationMs - first.durationMs < windowMs;
      const tooMany = this.#entries.length > MAX_ENTRIES || this.#listedBytes > MAX_LISTED_BYTES;
      if (this.#entries.length === 1 || (isShort && !tooMany)) break;
      this.#retireFirst(now);
    }
    this.expire(now);
  }

  #retireFirst(now: number): void {
    const segment = this.#entries.shift();
    if (segment === undefined) return;
    const until = now + segment.durationMs + this.#durationMs;
    this.#durationMs -= segment.durationMs;
    const bytes = memoryOf(segment);
    this.#listedBytes -= bytes;
    this.#retiredBytes += bytes;
    this.#retired.push({ segment, until });
  }
}

/** Bytes of a segment's buffer, which also holds its parts if these are encrypted by themselves. */
function memoryOf({ bytes }: Segment): number {
  return bytes?.buffer.byteLength ?? 0;
}

import type { ListPosition } from "./blocked-requests.ts";
import type { SegmentBeginning, SegmentPart } from "./segment.ts";
import type { ListedPart, Window } from "./window.ts";

/** Whole segments at the list's end whose parts are listed: all of these lie within three target durations of it (RFC 8216bis, 6.2.2). */
const PARTED_SEGMENTS = 2;
/** How many segments beyond the last one a request may name (RFC 8216bis, 6.2.5.2). */
const MAX_AHEAD = 2;

/** The end of a low-latency list: the parts of the newest segment, which is not whole yet, and the positions that requests may name. */
export class LiveEdge {
  /** Changes with the parts. */
  version = 0;
  readonly #window: Window;
  /** Configured maximum duration of a part, ms. */
  readonly #partMs: number;
  #segment: SegmentBeginning | undefined;
  #parts: ListedPart[] = [];

  constructor(window: Window, partMs: number) {
    this.#window = window;
    this.#partMs = partMs;
  }

  /** Whether a part is the next one. A listed part may come again, from another process, under the same name. */
  expects({ segment: { epoch, number }, index }: Pick<SegmentPart, "segment" | "index">): boolean {
    const last = this.#window.entries.at(-1);
    if (last?.epoch === epoch && number <= last.number) return false;
    return index === (this.beginning({ epoch, number }) ? this.#parts.length : 0);
  }

  /** The next part of the newest segment. */
  add(part: SegmentPart, name: string, initName: string | undefined): ListedPart {
    this.#segment = part.segment;
    const listed = { ...part, name, initName };
    this.#parts.push(listed);
    this.version++;
    return listed;
  }

  /** Forgets the newest segment: it is whole, or no more parts of it will come. */
  clear(): void {
    this.#segment = undefined;
    this.#parts = [];
    this.version++;
  }

  /** Parts of the newest segment, listed or not. */
  get parts(): readonly ListedPart[] {
    return this.#parts;
  }

  /** The newest segment, if it follows the last one in the list. */
  get segment(): SegmentBeginning | undefined {
    const last = this.#window.entries.at(-1);
    const { epoch, number } = this.#segment ?? {};
    return last !== undefined && epoch === last.epoch && number === last.number + 1 ? this.#segment : undefined;
  }

  /** Whether the newest segment comes behind another one of its epoch. */
  isBehind(epoch: string, number: number): boolean {
    return this.#segment?.epoch === epoch && this.#segment.number > number;
  }

  /** The last part of the list, or its last segment where that has none; undefined before the first segment. */
  get last(): ListPosition | undefined {
    const entry = this.#window.entries.at(-1);
    if (entry === undefined) return undefined;
    const { segment } = this;
    const [msn, parts] = segment === undefined ? [entry.number, entry.parts ?? []] : [segment.number, this.#parts];
    return { msn, part: parts.length === 0 ? undefined : parts.length - 1 };
  }

  /** The beginning of this segment, if it is the newest one. */
  beginning({ epoch, number }: Pick<SegmentBeginning, "epoch" | "number">): SegmentBeginning | undefined {
    return this.#segment?.epoch === epoch && this.#segment.number === number ? this.#segment : undefined;
  }

  /** The name that a listed part has. */
  nameOf(epoch: string, number: number, index: number): string | undefined {
    return this.beginning({ epoch, number }) ? this.#parts[index]?.name : undefined;
  }

  /** Epoch, segment number and index of the part that comes next. */
  get next(): { readonly epoch: string; readonly number: number; readonly index: number } | undefined {
    const last = this.#window.entries.at(-1);
    if (last === undefined) return undefined;
    const index = this.segment === undefined ? 0 : this.#parts.length;
    return { epoch: last.epoch, number: last.number + 1, index };
  }

  /** Index of the first entry whose parts are listed. */
  get firstWithParts(): number {
    return Math.max(0, this.#window.entries.length - PARTED_SEGMENTS);
  }

  /** The longest duration of a part that is listed, or the configured one, ms. */
  get partTargetMs(): number {
    let most = this.#partMs;
    for (const { parts = [] } of this.#window.entries.slice(this.firstWithParts))
      for (const { durationMs } of parts) most = Math.max(most, durationMs);
    if (this.segment !== undefined) for (const { durationMs } of this.#parts) most = Math.max(most, durationMs);
    return most;
  }

  /** Whether the list reaches a position. A part index beyond a segment's last means the next segment's part 0 (RFC 8216bis, 6.2.5.2). */
  has({ msn, part }: ListPosition): boolean {
    const last = this.#window.entries.at(-1);
    if (last === undefined) return false;
    const open = this.segment === undefined ? 0 : this.#parts.length;
    if (msn > last.number) return msn === last.number + 1 && part !== undefined && part < open;
    const { parts: { length: count = 0 } = {} } = last;
    return msn < last.number || part === undefined || part < count || count === 0 || open > 0;
  }

  /** Whether a position is so far ahead that no player can mean it (RFC 8216bis, 6.2.5.2). */
  isTooFar({ msn, part = 0 }: ListPosition): boolean {
    const { number = 0 } = this.#window.entries.at(-1) ?? {};
    if (msn <= number) return false;
    const seconds = this.partTargetMs / 1000;
    const limit = seconds < 1 ? Math.ceil(3 / seconds) : 3;
    const open = this.segment === undefined ? 0 : this.#parts.length;
    return msn > number + MAX_AHEAD || part >= (msn === number + 1 ? open : 0) + limit;
  }
}

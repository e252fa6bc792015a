import { type Carry, type CarryGiving, MAX_CARRY_PIECE } from "../../live/ports/carry.ts";
import type { Ladder } from "../../live/source/ladder.ts";
import type { StreamName } from "../../live/streams.ts";
import { MAX_SEGMENT_BYTES } from "./growth.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { HlsStreams } from "./hls-streams.ts";
import type { SegmentBeginning } from "./segment.ts";
import type { SegmentMemory } from "./segment-memory.ts";
import type { CarriedPart, CarriedSegment, ListedPart, ListedSegment } from "./window.ts";

/*
 * A segment, or a part of one that is not whole, in pieces. Each begins with a byte that says what it is:
 *
 *     head   1   JSON of `Head`, UTF-8
 *     bytes  2   the next bytes of the last head's segment or part
 */
const Piece = { Head: 1, Bytes: 2 } as const;

/** Maximum number of segments and parts that wait to be given, beside those that were there at the beginning; more are not given. */
const MAX_WAITING = 4096;
/** Maximum size of a segment or part with its init segment, bytes; an encrypted segment also has an encrypted copy of each part. */
const MAX_CARRIED_BYTES = 2.5 * MAX_SEGMENT_BYTES;
/**
 * Number of entries of a stream that the old process still lists. The new one gets packets from its first viewer's request on, and can't
 * make a segment of that request's slot. Players ask again within a target duration, which is two slots at most.
 */
const REMAINING_ENTRIES = 3;

/** A part without its bytes; `size` is their number. */
type PartHead = Omit<ListedPart, "bytes" | "memory" | "segment" | "initName"> & { readonly size: number };

/** What is known of a part's segment. */
type BeginningHead = Omit<SegmentBeginning, "init">;

/**
 * A segment or a part without its bytes; `size` is their number, undefined for a slot without packets. The first `initSize` bytes are the
 * init segment.
 */
interface Head {
  readonly stream: StreamName;
  /** The rendition's id; undefined for the stream as a whole. */
  readonly rendition?: string;
  readonly segment?: Omit<ListedSegment, "bytes" | "init" | "memory" | "parts"> & {
    readonly parts: readonly PartHead[];
  };
  readonly part?: PartHead & { readonly segment: BeginningHead };
  readonly size: number | undefined;
  readonly initSize?: number;
  /** The publisher has unpublished the stream: no more comes. */
  readonly ended: boolean;
  /** The stream's ladder, if it belongs to one. */
  readonly ladder?: Ladder;
}

/** A segment or a part to be given. */
interface Waiting {
  readonly stream: HlsStream;
  readonly what: Pick<Head, "segment" | "part" | "ladder">;
  readonly bytes: Uint8Array | undefined;
  readonly init: Uint8Array | undefined;
  readonly memory: SegmentMemory | undefined;
}

/** Takes the segments and parts of the old process. */
export interface Adopters {
  segment(name: StreamName, segment: CarriedSegment, head: Pick<Head, "ended" | "rendition" | "ladder">): void;
  part(name: StreamName, part: CarriedPart, rendition: string | undefined): void;
}

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Gives the segments of all streams to the new process of an upgrade, and takes those of the old one. */
export class HlsCarry implements Carry {
  readonly #streams: HlsStreams;
  readonly #giving = new Set<Giving>();
  /** How many entries of each stream the new process still needs. */
  readonly #remaining = new Map<HlsStream, number>();
  readonly #adopt: Adopters;
  /** The head of the segment or part whose bytes are coming. */
  #head: Head | undefined;
  /** The init segment and the bytes that the head announces, and how many bytes of both have arrived. */
  #init = NOTHING;
  #bytes = NOTHING;
  #filled = 0;

  constructor(streams: HlsStreams, adopt: Adopters) {
    this.#streams = streams;
    this.#adopt = adopt;
  }

  /** Whether a new process gets all segments, and continues with them. */
  get given(): boolean {
    return this.#giving.size > 0;
  }

  get complete(): boolean {
    return !this.given || ![...this.#remaining.keys()].some((stream) => stream.expectsEntry);
  }

  give(ready: () => void): CarryGiving {
    const all = [...this.#streams.all()].flatMap((stream) => [
      ...stream.window.available.map((segment) => this.#segmentOf(stream, segment)),
      ...(stream.edge?.parts ?? []).map((part) => partOf(stream, part)),
    ]);
    const giving = new Giving(all, ready, () => this.#close(giving));
    this.#giving.add(giving);
    for (const stream of this.#streams.all())
      if (stream.rendition === undefined) this.#remaining.set(stream, REMAINING_ENTRIES);
    return giving;
  }

  #close(giving: Giving): void {
    this.#giving.delete(giving);
    if (!this.given) this.#remaining.clear();
  }

  /** A segment was listed here: the new process gets it, too. */
  listed(stream: HlsStream, segment: ListedSegment): void {
    for (const giving of this.#giving) giving.add(this.#segmentOf(stream, segment));
    const remaining = this.#remaining.get(stream);
    if (remaining === undefined) return;
    if (remaining > 1) this.#remaining.set(stream, remaining - 1);
    else this.#remaining.delete(stream);
  }

  #segmentOf(stream: HlsStream, segment: ListedSegment): Waiting {
    return segmentOf(stream, segment, this.#streams.toldLadder(stream));
  }

  /** A part was listed here. */
  partListed(stream: HlsStream, part: ListedPart): void {
    for (const giving of this.#giving) giving.add(partOf(stream, part));
  }

  take(piece: Uint8Array): void {
    const body = piece.subarray(1);
    if (piece[0] === Piece.Head) this.#begin(JSON.parse(decoder.decode(body)) as Head);
    else if (piece[0] === Piece.Bytes && this.#head !== undefined) this.#fill(body);
  }

  #begin(head: Head): void {
    const { size = 0, initSize = 0 } = head;
    this.#head = size <= MAX_CARRIED_BYTES && initSize <= size ? head : undefined;
    if (this.#head === undefined) return;
    this.#init = new Uint8Array(initSize);
    this.#bytes = new Uint8Array(size - initSize);
    this.#filled = 0;
    if (size === 0) this.#end();
  }

  /** Adds a piece, which has bytes of the init segment or of what follows it, never of both. */
  #fill(body: Uint8Array): void {
    const [to, from] = this.#filled < this.#init.length ? [this.#init, 0] : [this.#bytes, this.#init.length];
    const at = this.#filled - from;
    if (at + body.length > to.length) return;
    to.set(body, at);
    this.#filled += body.length;
    if (this.#filled === this.#init.length + this.#bytes.length) this.#end();
  }

  #end(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined) return;
    const bytes = this.#bytes;
    const init = this.#init.length === 0 ? undefined : this.#init;
    this.#init = NOTHING;
    this.#bytes = NOTHING;
    const { size, stream, rendition, segment, part } = head;
    if (part !== undefined) {
      const { size: _, segment: beginning, ...rest } = part;
      this.#adopt.part(stream, { ...rest, segment: { ...beginning, init }, bytes }, rendition);
    } else if (segment !== undefined) {
      const parts = partsOf(segment, bytes, init);
      const own = { ...segment, parts, bytes: size === undefined ? undefined : wholeOf(segment, bytes), init };
      this.#adopt.segment(stream, own, head);
    }
  }
}

function segmentOf(
  stream: HlsStream,
  { bytes: own, init, memory, parts = [], ...segment }: ListedSegment,
  ladder: Ladder | undefined,
): Waiting {
  // In the buffer of an encrypted segment, its parts are behind it, each encrypted by itself.
  const bytes = own && segment.key !== undefined ? new Uint8Array(own.buffer) : own;
  const what = { segment: { ...segment, parts: parts.map(headOf) }, ...(ladder && { ladder }) };
  return { stream, what, bytes, init, memory };
}

function partOf(stream: HlsStream, part: ListedPart): Waiting {
  const { init, ...segment } = part.segment;
  return { stream, what: { part: { ...headOf(part), segment } }, bytes: part.bytes, init, memory: part.memory };
}

function headOf({ bytes, memory: _memory, segment: _segment, initName: _initName, ...part }: ListedPart): PartHead {
  return { ...part, size: bytes.length };
}

/** The bytes of the segment alone: an encrypted one has its parts behind it. */
function wholeOf({ key, parts }: NonNullable<Head["segment"]>, bytes: Uint8Array): Uint8Array {
  if (key === undefined) return bytes;
  return bytes.subarray(0, bytes.length - parts.reduce((sum, { size }) => sum + size, 0));
}

/** The parts of a segment: views of its bytes, or for an encrypted one, of those behind it. */
function partsOf(
  { epoch, number, dateMs, discontinuity, opens, independent, key, parts }: NonNullable<Head["segment"]>,
  bytes: Uint8Array,
  init: Uint8Array | undefined,
): CarriedPart[] {
  const segment = { epoch, number, dateMs, discontinuity, opens, independent, init, ...(key && { key }) };
  let end = key === undefined ? 0 : wholeOf({ key, parts } as NonNullable<Head["segment"]>, bytes).length;
  return parts.map(({ size, ...part }) => {
    end += size;
    return { ...part, segment, bytes: bytes.subarray(end - size, end) };
  });
}

/** Segments and parts on their way to one process. */
class Giving implements CarryGiving {
  readonly #waiting: Waiting[];
  readonly #maxWaiting: number;
  readonly #ready: () => void;
  readonly #closed: () => void;
  /** Bytes of the first waiting one that were given, its init segment's first; -1 before its head was. */
  #at = -1;

  constructor(waiting: Waiting[], ready: () => void, closed: () => void) {
    this.#waiting = waiting;
    this.#maxWaiting = waiting.length + MAX_WAITING;
    for (const { memory } of waiting) memory?.hold();
    this.#ready = ready;
    this.#closed = closed;
  }

  add(waiting: Waiting): void {
    if (this.#waiting.length >= this.#maxWaiting) return;
    this.#waiting.push(waiting);
    waiting.memory?.hold();
    if (this.#waiting.length === 1) this.#ready();
  }

  next(): Uint8Array | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    const { bytes, init = NOTHING, what } = first;
    const size = bytes === undefined ? undefined : init.length + bytes.length;
    if (this.#at < 0) {
      const { name, ended, rendition } = first.stream;
      this.#advance(0, size ?? 0);
      const initSize = init.length === 0 ? {} : { initSize: init.length };
      const id = rendition === undefined ? {} : { rendition: rendition.id };
      const head: Head = { stream: name, ...id, ...what, size, ...initSize, ended };
      return piece(Piece.Head, encoder.encode(JSON.stringify(head)));
    }
    const isInit = this.#at < init.length;
    const [part, from] = isInit ? [init, 0] : [bytes ?? NOTHING, init.length];
    const end = Math.min(this.#at + MAX_CARRY_PIECE - 1, from + part.length);
    const made = piece(Piece.Bytes, part.subarray(this.#at - from, end - from));
    this.#advance(end, size ?? 0);
    return made;
  }

  close(): void {
    this.#closed();
    for (const { memory } of this.#waiting.splice(0)) memory?.release();
  }

  #advance(to: number, size: number): void {
    this.#at = to;
    if (to < size) return;
    this.#waiting.shift()?.memory?.release();
    this.#at = -1;
  }
}

function piece(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = kind;
  bytes.set(body, 1);
  return bytes;
}

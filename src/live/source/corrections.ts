/**
 * What a time line changes in a source's timestamps: `jump`, a track's clock jumped and goes on where it was; `held`, a packet
 * that would run back on its track got the time before it; `moved`, a header or data message got the time of the media around
 * it; `wrap`, a clock of 31 bits began again. `reordered` is no change: video in presentation order passes as it was sent.
 */
export type CorrectionKind = "jump" | "held" | "moved" | "wrap" | "reordered";

/** One correction, and how many of its kind there were. */
export interface Correction {
  readonly kind: CorrectionKind;
  readonly track: "audio" | "video" | "data";
  /** By how many ms the clock jumped, or by how many a packet's timestamp was changed. */
  readonly byMs: number;
  readonly count: number;
}

/**
 * Counts corrections, of one stream or of all of them. The listener hears of the first of a kind, the tenth, the hundredth and
 * so on, so that a stream with one in each packet costs few lines.
 */
export class Corrections {
  readonly #counts: Record<CorrectionKind, number> = { jump: 0, held: 0, moved: 0, wrap: 0, reordered: 0 };
  readonly #all: Corrections | undefined;
  readonly #listener: ((correction: Correction) => void) | undefined;

  /** `all` counts them too. */
  constructor(all?: Corrections, listener?: (correction: Correction) => void) {
    this.#all = all;
    this.#listener = listener;
  }

  /** How many there were of a kind. */
  of(kind: CorrectionKind): number {
    return this.#counts[kind];
  }

  add(kind: CorrectionKind, track: Correction["track"], byMs: number): void {
    const count = ++this.#counts[kind];
    this.#all?.add(kind, track, byMs);
    if (this.#listener !== undefined && isPowerOfTen(count)) this.#listener({ kind, track, byMs, count });
  }
}

function isPowerOfTen(count: number): boolean {
  let power = 1;
  while (power < count) power *= 10;
  return power === count;
}

/**
 * What a time line changes in a source's timestamps: `jump`, a track's clock jumped and is bridged; `held`, a packet that would
 * run back on its track gets the time before it; `moved`, a header or data message gets the time of the media around it;
 * `wrap`, a clock of 31 bits began again. `reordered` changes nothing: video in presentation order passes as it was sent.
 */
export type CorrectionKind = "jump" | "held" | "moved" | "wrap" | "reordered";

/** One correction, and how many of its kind there were so far. */
export interface Correction {
  readonly kind: CorrectionKind;
  readonly track: "audio" | "video" | "data";
  /** The size of the jump, or of the change to a packet's timestamp, ms. */
  readonly byMs: number;
  readonly count: number;
}

/**
 * Counts corrections of one stream, or of all. The listener is notified of the first of a kind, the tenth, the hundredth and
 * so on, so that a stream with one in each packet logs few lines.
 */
export class Corrections {
  readonly #counts: Record<CorrectionKind, number> = { jump: 0, held: 0, moved: 0, wrap: 0, reordered: 0 };
  readonly #all: Corrections | undefined;
  readonly #listener: ((correction: Correction) => void) | undefined;

  /** `all` counts them, too. */
  constructor(all?: Corrections, listener?: (correction: Correction) => void) {
    this.#all = all;
    this.#listener = listener;
  }

  /** The number of corrections of a kind. */
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

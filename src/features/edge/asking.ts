import type { Demand } from "../../live/readers/demand.ts";

/** With what one attempt asks for a stream. */
export interface Words {
  /** Whose parameters, page and player they are. */
  readonly viewer: Demand;
  /** The servers that ask on behalf of every viewer. */
  readonly hops: readonly string[];
}

/**
 * With what an edge asks for a stream that several viewers want. The viewers share one connection, and none of them alone decides
 * what it says: words that bring nothing are put aside for the next viewer's, and only hops that all viewers name are told.
 */
export class Asking {
  readonly #demands: () => Iterable<Demand>;
  #last: Words;
  /** The viewer for whose words an origin has given the stream; he may have left. */
  #accepted: Demand | undefined;
  /** Viewers whose words brought nothing since all were tried. */
  #tried = new WeakSet<Demand>();

  /** `demands`: of the viewers who are here, the one who has been here longest first; `first`: of the first one. */
  constructor(demands: () => Iterable<Demand>, first: Demand) {
    this.#demands = demands;
    this.#last = { viewer: first, hops: first.hops };
  }

  /** The words of the next attempt. */
  next(): Words {
    const viewer = this.#untried() ?? this.#again();
    this.#last = { viewer, hops: this.#commonHops() };
    return this.#last;
  }

  /** An origin has given the stream for these words. */
  accepted({ viewer }: Words): void {
    this.#accepted = viewer;
    this.#tried.delete(viewer);
  }

  /** Origins refuse these words: whether somebody here has others. */
  refused({ viewer }: Words): boolean {
    if (this.#accepted !== undefined && sameWords(this.#accepted, viewer)) this.#accepted = undefined;
    this.#putAside(viewer);
    return this.#untried() !== undefined;
  }

  /** No origin has given anything for these words: somebody else's come next, as an origin may only say so to whom it does not know. */
  broughtNothing({ viewer }: Words): void {
    this.#putAside(viewer);
  }

  /** Whether the last attempt named servers on whose behalf this viewer does not ask. */
  needsFewerHops({ hops }: Demand): boolean {
    return this.#last.hops.some((hop) => !hops.includes(hop));
  }

  #putAside(viewer: Demand): void {
    for (const demand of this.#candidates()) if (sameWords(demand, viewer)) this.#tried.add(demand);
  }

  #untried(): Demand | undefined {
    for (const demand of this.#candidates()) if (!this.#tried.has(demand)) return demand;
    return undefined;
  }

  /** All words were tried: from the first viewer on once more. */
  #again(): Demand {
    this.#tried = new WeakSet();
    return this.#untried() ?? this.#last.viewer;
  }

  /** Whose words were good last comes first. */
  *#candidates(): Iterable<Demand> {
    if (this.#accepted !== undefined) yield this.#accepted;
    yield* this.#demands();
  }

  /** A stream must not be asked for at a server when everybody who wants it asks through that server. */
  #commonHops(): readonly string[] {
    let common: readonly string[] | undefined;
    for (const { hops } of this.#demands()) {
      common = common === undefined ? hops : common.filter((hop) => hops.includes(hop));
      if (common.length === 0) break;
    }
    return common ?? this.#last.hops;
  }
}

/** Whether two viewers ask an origin with the same words. */
export function sameWords(a: Demand, b: Demand): boolean {
  return a.param === b.param && a.pageUrl === b.pageUrl && a.swfUrl === b.swfUrl;
}

/** A stream asked for with a viewer's words, as a key. */
export function wordsKey(
  stream: string,
  { param, pageUrl, swfUrl }: Pick<Demand, "param" | "pageUrl" | "swfUrl">,
): string {
  return [stream, param, pageUrl, swfUrl].join("\n");
}

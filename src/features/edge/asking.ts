import type { Demand } from "../../live/readers/demand.ts";

/** The parameters of one attempt's request for a stream. */
export interface Words {
  /** The viewer whose parameters, page and player they are. */
  readonly viewer: Demand;
  /** Hops: the servers that ask on behalf of every viewer. */
  readonly hops: readonly string[];
}

/**
 * Chooses the parameters of an edge's requests for a stream with several viewers. The viewers share one connection, and no
 * single viewer decides its parameters: parameters that fail give way to the next viewer's, and only hops common to all viewers
 * are sent.
 */
export class Asking {
  readonly #demands: () => Iterable<Demand>;
  #last: Words;
  /** The viewer whose parameters an origin has accepted; may have left. */
  #accepted: Demand | undefined;
  /** Viewers whose parameters failed since all were tried. */
  #tried = new WeakSet<Demand>();

  /** `demands`: of the present viewers, longest-waiting first; `first`: of the first viewer. */
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

  /** An origin has given the stream for these parameters. */
  accepted({ viewer }: Words): void {
    this.#accepted = viewer;
    this.#tried.delete(viewer);
  }

  /** Origins refuse these parameters: returns whether another viewer has different ones. */
  refused({ viewer }: Words): boolean {
    if (this.#accepted !== undefined && sameWords(this.#accepted, viewer)) this.#accepted = undefined;
    this.#putAside(viewer);
    return this.#untried() !== undefined;
  }

  /**
   * No origin has the stream for these parameters: the next viewer's are tried, as an origin may claim so to clients it does
   * not know.
   */
  broughtNothing({ viewer }: Words): void {
    this.#putAside(viewer);
  }

  /** Whether the last attempt sent hops that are not this viewer's. */
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

  /** All parameters were tried: starts again with the first viewer. */
  #again(): Demand {
    this.#tried = new WeakSet();
    return this.#untried() ?? this.#last.viewer;
  }

  /** The viewer whose parameters were accepted last comes first. */
  *#candidates(): Iterable<Demand> {
    if (this.#accepted !== undefined) yield this.#accepted;
    yield* this.#demands();
  }

  /** A server must not be asked for a stream only if every viewer asks through that server. */
  #commonHops(): readonly string[] {
    let common: readonly string[] | undefined;
    for (const { hops } of this.#demands()) {
      common = common === undefined ? hops : common.filter((hop) => hops.includes(hop));
      if (common.length === 0) break;
    }
    return common ?? this.#last.hops;
  }
}

/** Whether two viewers' requests have the same parameters. */
export function sameWords(a: Demand, b: Demand): boolean {
  return a.param === b.param && a.pageUrl === b.pageUrl && a.swfUrl === b.swfUrl;
}

/** A key for a stream and a viewer's parameters. */
export function wordsKey(
  stream: string,
  { param, pageUrl, swfUrl }: Pick<Demand, "param" | "pageUrl" | "swfUrl">,
): string {
  return [stream, param, pageUrl, swfUrl].join("\n");
}

import type { Demand } from "../../live/readers/demand.ts";

/** The parameters of one attempt's request for a stream. */
export interface RequestParams {
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
export class ParamsChooser {
  readonly #demands: () => Iterable<Demand>;
  #last: RequestParams;
  /** The viewer whose parameters an origin has accepted; may have left. */
  #accepted: Demand | undefined;
  /** Viewers whose parameters failed since all were tried. */
  #tried = new WeakSet<Demand>();

  /** `demands`: the demands of the present viewers, in the order in which they joined; `first`: the first viewer's demand. */
  constructor(demands: () => Iterable<Demand>, first: Demand) {
    this.#demands = demands;
    this.#last = { viewer: first, hops: first.hops };
  }

  /** The parameters of the next attempt. */
  next(): RequestParams {
    const viewer = this.#untried() ?? this.#again();
    this.#last = { viewer, hops: this.#commonHops() };
    return this.#last;
  }

  /** An origin has given the stream for these parameters. */
  accepted({ viewer }: RequestParams): void {
    this.#accepted = viewer;
    this.#tried.delete(viewer);
  }

  /** Origins refuse these parameters: returns whether another viewer has different ones. */
  refused({ viewer }: RequestParams): boolean {
    if (this.#accepted !== undefined && sameParams(this.#accepted, viewer)) this.#accepted = undefined;
    this.#putAside(viewer);
    return this.#untried() !== undefined;
  }

  /**
   * No origin has the stream for these parameters: the next viewer's are tried, as an origin may claim so to clients it does
   * not know.
   */
  yieldedNothing({ viewer }: RequestParams): void {
    this.#putAside(viewer);
  }

  /** Whether the last attempt sent hops that are not this viewer's. */
  needsFewerHops({ hops }: Demand): boolean {
    return this.#last.hops.some((hop) => !hops.includes(hop));
  }

  #putAside(viewer: Demand): void {
    for (const demand of this.#candidates()) if (sameParams(demand, viewer)) this.#tried.add(demand);
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

  /** Hops that all viewers name: an origin may be asked unless every viewer asks through it. */
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
export function sameParams(a: Demand, b: Demand): boolean {
  return a.param === b.param && a.pageUrl === b.pageUrl && a.swfUrl === b.swfUrl;
}

/** A key for a stream and a viewer's parameters. */
export function paramsKey(
  stream: string,
  { param, pageUrl, swfUrl }: Pick<Demand, "param" | "pageUrl" | "swfUrl">,
): string {
  return [stream, param, pageUrl, swfUrl].join("\n");
}

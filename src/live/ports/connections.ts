/** Maximum share of `max_connections` for connections that have hung up and still finish an answer. */
const ENDING_SHARE = 0.25;

/** Why another connection or request is refused: the limit's key and a sentence. */
export interface TooMany {
  readonly ok: false;
  readonly rule: string;
  readonly reason: string;
}

/** Counts connections by address. */
export interface ConnectionLimits {
  /** Counts a connection from an address until `release`, or returns the limit that forbids it and a sentence. */
  acquire(host: string): Omit<TooMany, "ok"> | undefined;
  release(host: string): void;
  /** Counts an HTTP request from an address, or returns the limit that forbids it and a sentence. */
  countRequest(host: string): Omit<TooMany, "ok"> | undefined;
}

/** The handle of one counted connection. */
export interface ConnectionEnds {
  /** The client has hung up: it no longer counts, even if its activities end later. */
  hungUp(): void;
  /** The connection is over. */
  gone(): void;
}

/** The permit of one counted connection. */
export interface ConnectionPermit extends ConnectionEnds {
  readonly ok: true;
}

/** The configuration of the account. */
export interface ConnectionAccountOptions {
  /** Maximum number of connections at a time. */
  readonly maxConnections: number;
  readonly limiter: ConnectionLimits;
}

/** Counts the connections of all listeners, and those of each address. */
export class ConnectionAccount {
  readonly #options: ConnectionAccountOptions;
  /** Connections that have not hung up: only these count for `max_connections` and for their address. */
  #present = 0;
  /** Connections that have hung up and are not closed here yet. */
  #ending = 0;

  /** The values of `options` may change at any time. */
  constructor(options: ConnectionAccountOptions) {
    this.#options = options;
  }

  /** Connections that have not hung up. */
  get size(): number {
    return this.#present;
  }

  /** Whether too many connections that have hung up are not closed yet: no answer is finished for another one. */
  get crowded(): boolean {
    return this.#ending >= this.#options.maxConnections * ENDING_SHARE;
  }

  /** Whether one more connection is allowed in addition to `waiting` others. */
  hasRoom(waiting: number): boolean {
    return this.#present + waiting < this.#options.maxConnections;
  }

  /** Counts a connection from `host` until it is released, or returns why it is refused. */
  acquire(host: string): ConnectionPermit | TooMany {
    const { maxConnections, limiter } = this.#options;
    if (this.#present >= maxConnections) return tooMany(`max_connections is reached, ${maxConnections}`);
    // Clients may hang up faster than their connections can be closed here: those must not pile up without bound.
    if (this.#ending >= maxConnections)
      return tooMany(`${this.#ending} connections that have hung up are still being ended`);
    const limit = limiter.acquire(host);
    if (limit !== undefined) return { ok: false, ...limit };
    this.#present++;
    return this.#permit(host);
  }

  /** Counts an HTTP request from `host`, or returns why it is refused. */
  countRequest(host: string): Omit<TooMany, "ok"> | undefined {
    return this.#options.limiter.countRequest(host);
  }

  #permit(host: string): ConnectionPermit {
    let state: "present" | "ending" | "gone" = "present";
    const hungUp = () => {
      if (state !== "present") return;
      state = "ending";
      this.#present--;
      this.#ending++;
      this.#options.limiter.release(host);
    };
    const gone = () => {
      hungUp();
      if (state === "ending") this.#ending--;
      state = "gone";
    };
    return { ok: true, hungUp, gone };
  }
}

function tooMany(reason: string): TooMany {
  return { ok: false, rule: "max_connections", reason };
}

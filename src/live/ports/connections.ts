/** Why there may be no further connection: the limit's key and a sentence. */
export interface TooMany {
  readonly ok: false;
  readonly rule: string;
  readonly reason: string;
}

/** Keeps count of who connects from where. */
export interface ConnectionLimits {
  /** Counts a connection from an address until `release`, or says which limit is against it, and why. */
  acquire(host: string): Omit<TooMany, "ok"> | undefined;
  release(host: string): void;
}

/** Who is told of a connection's end. */
export interface ConnectionEnds {
  /** The client has hung up: it keeps no place any more, though what it did here may end later. */
  hungUp(): void;
  /** The connection is over. */
  gone(): void;
}

/** One connection's place among all. */
export interface ConnectionPlace extends ConnectionEnds {
  readonly ok: true;
}

/** What the account goes by. */
export interface ConnectionAccountOptions {
  /** Most connections at a time. */
  readonly maxConnections: number;
  readonly limiter: ConnectionLimits;
}

/** The one account of the connections of all listeners, and of their addresses. */
export class ConnectionAccount {
  readonly #options: ConnectionAccountOptions;
  /** Those that have not hung up: only they keep a place of `max_connections` and of their address. */
  #present = 0;
  /** Those that have hung up, and are not over. */
  #ending = 0;

  /** The values of `options` may change at any time. */
  constructor(options: ConnectionAccountOptions) {
    this.#options = options;
  }

  /** Connections that have not hung up. */
  get size(): number {
    return this.#present;
  }

  /** Whether one more may come when `waiting` others come first. */
  hasRoom(waiting: number): boolean {
    return this.#present + waiting < this.#options.maxConnections;
  }

  /** Counts a connection from `host` until its place is given back, or says why there may be none. */
  acquire(host: string): ConnectionPlace | TooMany {
    const { maxConnections: most, limiter } = this.#options;
    if (this.#present >= most) return tooMany(`max_connections is reached, ${most}`);
    // Clients that hang up sooner than their connections can be ended must not pile up without end.
    if (this.#ending >= most) return tooMany(`${this.#ending} connections that have hung up are still being ended`);
    const limit = limiter.acquire(host);
    if (limit !== undefined) return { ok: false, ...limit };
    this.#present++;
    return this.#place(host);
  }

  #place(host: string): ConnectionPlace {
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

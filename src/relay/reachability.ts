import { parseHostPort } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Dial } from "../base/transport.ts";

/** Time between two tries of an address, ms; shorter for one that could not be reached, so that its return is noticed soon. */
const PERIOD_MS = 15_000;
const PROBLEM_PERIOD_MS = 5000;
const TIMEOUT_MS = 3000;

/** What trying addresses needs. */
export interface ReachabilityContext {
  readonly clock: Pick<Clock, "now">;
  readonly dial: Dial;
}

interface Tried {
  at: number;
  problem: string | undefined;
}

/** Tries from time to time whether the addresses that nodes advertise can be reached from here. */
export class Reachability {
  readonly #context: ReachabilityContext;
  /** By URL. */
  readonly #tried = new Map<string, Tried>();
  /** Tries under way. */
  readonly #dialling = new Set<{ abort(): void }>();
  #stopped = false;

  constructor(context: ReachabilityContext) {
    this.#context = context;
  }

  /** Why a URL can't be reached, by the last try; undefined if it can, or was not tried. */
  problemOf(url: string): string | undefined {
    return this.#tried.get(url)?.problem;
  }

  /** Tries the URLs that are due, and forgets those that are not in `urls`. */
  follow(urls: ReadonlySet<string>): void {
    for (const url of this.#tried.keys()) if (!urls.has(url)) this.#tried.delete(url);
    for (const url of urls) this.#try(url);
  }

  stop(): void {
    this.#stopped = true;
    for (const dialling of this.#dialling) dialling.abort();
  }

  #try(url: string): void {
    const { clock, dial } = this.#context;
    const tried = this.#tried.get(url) ?? { at: Number.NEGATIVE_INFINITY, problem: undefined };
    const periodMs = tried.problem === undefined ? PERIOD_MS : PROBLEM_PERIOD_MS;
    if (this.#stopped || clock.now() - tried.at < periodMs) return;
    tried.at = clock.now();
    this.#tried.set(url, tried);
    const { host, port } = parseHostPort(url.slice(url.indexOf("://") + 3), 0);
    let reached = false;
    const dialling = dial(
      { host, port, tls: false, timeoutMs: TIMEOUT_MS },
      {
        onOpen(transport) {
          reached = true;
          tried.problem = undefined;
          transport.abort();
        },
        onData: () => undefined,
        onDrain: () => undefined,
        onClose: (reason) => {
          this.#dialling.delete(dialling);
          if (!reached && !this.#stopped) tried.problem = reason ?? "the connection was closed";
        },
      },
    );
    this.#dialling.add(dialling);
  }
}

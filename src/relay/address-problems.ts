import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { KnownNode } from "../live/ports/nodes.ts";
import { Outage } from "./outage.ts";
import { Reachability, type ReachabilityContext } from "./reachability.ts";

/** Nodes must share an address for this long, ms: a server that is started again after a crash is two nodes until a lease is over. */
const SHARED_MS = 7000;

/** What examining addresses needs. */
export interface AddressProblemsContext extends ReachabilityContext {
  readonly clock: Clock;
  readonly log: Log;
}

/** Finds addresses that several nodes advertise, and addresses that can't be reached from here, and logs them. */
export class AddressProblems {
  readonly #context: AddressProblemsContext;
  readonly #reachability: Reachability;
  /** Sentences by the nodes' `source`. */
  #problems: ReadonlyMap<string, readonly string[]> = new Map();
  /** Addresses that several nodes advertise, and since when, monotonic ms. */
  #shared: ReadonlyMap<string, number> = new Map();
  /** Logged sentences, with their duration. */
  readonly #logged = new Map<string, Outage>();

  constructor(context: AddressProblemsContext) {
    this.#context = context;
    this.#reachability = new Reachability(context);
  }

  /** What is wrong with the addresses of a node, by its `source`, as sentences. */
  of(source: string): readonly string[] {
    return this.#problems.get(source) ?? [];
  }

  /** Compares the addresses of the living nodes with each other, and tries them from time to time. */
  examine(all: readonly KnownNode[]): void {
    const nodes = all.filter(({ alive, state }) => alive && state !== undefined);
    const byUrl = Map.groupBy(
      nodes.flatMap((node) => (node.state?.advertise ?? []).map((url) => ({ url, node }))),
      ({ url }) => url,
    );
    this.#reachability.follow(new Set(byUrl.keys()));
    const problems = new Map<string, Set<string>>();
    const now = this.#context.clock.now();
    const shared = new Map<string, number>();
    for (const [url, uses] of byUrl) {
      const users = [...new Set(uses.map(({ node }) => node))];
      const sharedSince = this.#shared.get(url) ?? now;
      if (users.length > 1) shared.set(url, sharedSince);
      const isShared = users.length > 1 && now - sharedSince >= SHARED_MS;
      const unreached = this.#reachability.problemOf(url);
      for (const { source } of users) {
        const found = problems.get(source) ?? new Set();
        problems.set(source, found);
        if (isShared)
          found.add(
            `${url} is advertised by ${users.length} nodes: ${users.map((user) => nameOf(user, url)).join(" and ")}`,
          );
        if (unreached !== undefined) found.add(`${url} can't be reached from this server: ${unreached}`);
      }
    }
    this.#shared = shared;
    this.#problems = new Map([...problems].map(([source, sentences]) => [source, [...sentences]]));
    this.#logChanges(new Set([...this.#problems.values()].flat()));
  }

  stop(): void {
    this.#reachability.stop();
  }

  #logChanges(sentences: ReadonlySet<string>): void {
    const { log, clock } = this.#context;
    for (const [sentence, outage] of this.#logged) {
      if (sentences.has(sentence)) continue;
      this.#logged.delete(sentence);
      log.info("cluster problem is over", { error: sentence, outage_seconds: outage.end() });
    }
    for (const sentence of sentences) {
      const outage = this.#logged.get(sentence) ?? new Outage(clock);
      this.#logged.set(sentence, outage);
      const report = outage.failed(sentence);
      if (report !== undefined) log.warn("cluster problem", { error: sentence, ...(report === "new" ? {} : report) });
    }
  }
}

/** A node's name beside others with the same address. */
function nameOf({ source, state }: KnownNode, url: string): string {
  if (source === "") return "this server";
  return source === url ? (state?.id ?? source) : source;
}

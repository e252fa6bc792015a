import type { Clock } from "../../base/clock.ts";
import type { AccessRequest, Guard, GuardResult } from "../../live/ports/access.ts";
import type { ApiContext } from "./context.ts";
import { ApiError, numberOf, type Operation, pageQuery } from "./operation.ts";
import { listOf, object, oneOf, string, whole } from "./schema.ts";

/** Maximum number of bans; for a new one, the ban that ends first is removed. */
const MAX_BANS = 10_000;

interface Ban {
  readonly id: string;
  readonly address: string;
  readonly stream: string;
  readonly action: "publish" | "play";
  /** Monotonic ms. */
  readonly until: number;
}

const ban = object({ id: string, ip: string, stream: string, action: oneOf("publish", "play"), seconds: whole });

/** Addresses that may not publish or play a stream for a time, as the operator has kicked a client from there. */
export class Bans implements Guard {
  readonly name = "ban";
  readonly #clock: Clock;
  readonly #bans = new Map<string, Ban>();
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `stream`: its key. */
  add(address: string, stream: string, action: Ban["action"], seconds: number): void {
    this.#forget();
    if (this.#bans.size >= MAX_BANS) {
      const [first] = [...this.#bans].toSorted(([, a], [, b]) => a.until - b.until);
      if (first !== undefined) this.#bans.delete(first[0]);
    }
    const until = this.#clock.now() + seconds * 1000;
    const id = `b${this.#nextId++}`;
    this.#bans.set(keyOf(address, stream, action), { id, address, stream, action, until });
  }

  check({ action, address, name: { vhost, app, stream } }: AccessRequest): GuardResult {
    const found = this.#bans.get(keyOf(address, `${vhost}/${app}/${stream}`, action));
    if (found === undefined || found.until <= this.#clock.now()) return undefined;
    const seconds = Math.ceil((found.until - this.#clock.now()) / 1000);
    return {
      kind: "denied",
      reason: "the operator has banned this address for a time",
      detail: `${found.id}, for another ${seconds} s`,
    };
  }

  operations({ log }: Pick<ApiContext, "log">): readonly Operation[] {
    return [
      {
        method: "GET",
        path: "/api/v1/bans",
        role: "read",
        summary: "Addresses that were kicked and may not come back yet.",
        query: pageQuery.map((each) =>
          each.name === "count" ? { ...each, doc: "The number of items at most; all by default." } : each,
        ),
        answer: { bans: listOf(ban) },
        run: ({ query }) => {
          const start = numberOf(query, "start", 0);
          return { bans: this.#list().slice(start, start + numberOf(query, "count", MAX_BANS)) };
        },
      },
      {
        method: "DELETE",
        path: "/api/v1/bans/{id}",
        role: "admin",
        summary: "Ends a ban.",
        answer: {},
        run: ({ params, by }) => {
          for (const [key, { id, address }] of this.#bans) {
            if (id !== params.id) continue;
            this.#bans.delete(key);
            log.info("ban ended", { by, ban: id, addr: address });
            return {};
          }
          throw new ApiError(404, "ban", "there is no ban of this id; GET /api/v1/bans lists those that are");
        },
      },
    ];
  }

  #list(): object[] {
    this.#forget();
    const now = this.#clock.now();
    return [...this.#bans.values()].map(({ id, address: ip, stream, action, until }) => {
      return { id, ip, stream, action, seconds: Math.ceil((until - now) / 1000) };
    });
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [key, { until }] of this.#bans) if (until <= now) this.#bans.delete(key);
  }
}

function keyOf(address: string, stream: string, action: string): string {
  return `${address}\n${action}\n${stream}`;
}

import type { Clock } from "../../base/clock.ts";
import type { GuardResult } from "../../live/ports/access.ts";
import type { HookResult } from "./answer.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { Calls } from "./calls.ts";
import type { HooksConfig } from "./config.ts";
import type { DecisionEvent, HookBody } from "./events.ts";
import type { HookUrl } from "./hook-url.ts";

/** The result for a client that has left, which nobody reads. */
const LEFT: GuardResult = { kind: "unavailable", reason: "the client has left" };

/** Asks back ends whether a client may connect, publish or play. */
export class Decisions {
  readonly #clock: Pick<Clock, "now">;
  readonly #calls: Calls;
  readonly #cache: AnswerCache;

  constructor(clock: Pick<Clock, "now">, calls: Calls) {
    this.#clock = clock;
    this.#calls = calls;
    this.#cache = new AnswerCache(clock);
  }

  /** Asks all URLs of an event, one after the other, until one does not allow the client, or `left` is aborted. */
  async ask(
    config: HooksConfig,
    event: DecisionEvent,
    clientId: string,
    body: HookBody,
    left: AbortSignal,
  ): Promise<GuardResult> {
    const until = this.#clock.now() + config.timeout;
    let timeoutMs = config.timeout;
    // Back ends change their own state on on_publish, so it is never answered from the cache.
    const isCached = config.cache > 0 && event !== "on_publish";
    for (const url of config[event]) {
      const question = isCached ? `${url.href} ${JSON.stringify({ ...body, client_id: "" })}` : "";
      const known = isCached ? this.#cache.find(question, config) : undefined;
      if (left.aborted) return LEFT;
      const settings = { secret: config.secret, timeoutMs };
      const result = known ?? (await this.#calls.ask(clientId, url, body, settings, left));
      timeoutMs = Math.max(1, Math.round(until - this.#clock.now()));
      if (isCached && known === undefined && result.kind !== "failed")
        this.#cache.keep(question, config, result, config.cache);
      const refusal = refusalOf(result, event, url, config);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}

function refusalOf(
  result: HookResult,
  event: DecisionEvent,
  { backEnd }: HookUrl,
  { on_failure }: HooksConfig,
): GuardResult {
  switch (result.kind) {
    case "allowed":
      return undefined;
    case "refused":
      return { kind: "denied", reason: result.reason, detail: `${event}: ${result.detail} from ${backEnd}` };
    case "failed": {
      if (on_failure === "allow") return undefined;
      const detail = `${event}: ${result.problem} from ${backEnd}`;
      return { kind: "unavailable", reason: "access could not be checked", detail };
    }
  }
}

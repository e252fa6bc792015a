import type { Clock } from "../../base/clock.ts";
import type { GuardResult } from "../../live/ports/access.ts";
import type { HookResult } from "./answer.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { Calls } from "./calls.ts";
import type { HooksConfig } from "./config.ts";
import type { DecisionEvent, HookBody } from "./events.ts";
import type { HookUrl } from "./hook-url.ts";

/** The result for a client that has left, which nobody reads. */
export const LEFT: GuardResult = { kind: "unavailable", reason: "the client has left" };

/** What the back ends of an event have decided about a client. */
export interface Decision {
  readonly result: GuardResult;
  /** The back ends that were asked and allow it, whatever the others say. */
  readonly allowedBy: ReadonlySet<string>;
}

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
  ): Promise<Decision> {
    const allowedBy = new Set<string>();
    const until = this.#clock.now() + config.timeout;
    // Back ends change their own state on on_publish, so it is never answered from the cache.
    const isCached = config.cache > 0 && event !== "on_publish";
    const urls = config[event];
    for (const [at, url] of urls.entries()) {
      if (left.aborted) return { result: LEFT, allowedBy };
      const question = isCached ? `${url.href} ${JSON.stringify({ ...body, client_id: "" })}` : undefined;
      let answer = this.#cache.find(question, config);
      if (answer === undefined) {
        // With "allow", a back end that hangs lets clients in, so it must leave the others time to refuse them.
        const share = config.on_failure === "allow" ? urls.length - at : 1;
        const timeoutMs = Math.max(1, Math.round((until - this.#clock.now()) / share));
        const result = await this.#calls.ask(clientId, url, body, { secret: config.secret, timeoutMs }, left);
        answer = { result: refusalOf(result, event, url, config) };
        if (result.kind !== "failed") this.#cache.keep(question, config, answer.result, config.cache);
        if (result.kind === "allowed") allowedBy.add(url.backEnd);
      }
      if (answer.result !== undefined) return { result: answer.result, allowedBy };
    }
    return { result: undefined, allowedBy };
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

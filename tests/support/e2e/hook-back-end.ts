import { WAIT_LIMIT_MS } from "../limits.ts";
import { bodyProblems } from "../srs-hook-bodies.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** A call as the back end got it. */
export interface HookCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A back end that was written for SRS: it takes SRS's bodies and nothing else, and answers 0. */
export class HookBackEnd {
  readonly port: number;
  readonly calls: HookCall[] = [];
  /** What is wrong with calls, if anything was. */
  readonly problems: string[] = [];
  /** Undefined: it answers 0. */
  answer: (call: HookCall) => Response | undefined | Promise<Response | undefined> = () => undefined;

  constructor(stage: Stage, tls?: { readonly cert: string; readonly key: string }) {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      ...(tls === undefined ? {} : { tls }),
      fetch: (request) => this.#take(request),
    });
    stage.defer(() => void server.stop(true));
    this.port = server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api/v1/hooks`;
  }

  /** The table of the default vhost, with these events at this back end. */
  hooks(events: readonly string[], ...keys: readonly string[]): string {
    const urls = events.map((event) => `${event} = "${this.url}"`);
    return ["[vhost.__defaultVhost__.http_hooks]", ...urls, ...keys].join("\n");
  }

  /** The bodies of an event. */
  bodies(event: string): HookCall["body"][] {
    return this.calls.map(({ body }) => body).filter(({ action }) => action === event);
  }

  /** Waits for so many calls of an event. */
  event(event: string, count = 1): Promise<HookCall["body"]> {
    return until(
      `${count} calls of ${event}`,
      () => this.bodies(event)[count - 1],
      WAIT_LIMIT_MS,
      () => this.calls.map(({ text }) => text).join("\n"),
    );
  }

  async #take(request: Request): Promise<Response> {
    const text = await request.text();
    const body = JSON.parse(text);
    const call = { headers: Object.fromEntries(request.headers), text, body };
    this.calls.push(call);
    if (request.method !== "POST" || request.headers.get("content-type") !== "application/json")
      this.problems.push(`${request.method} of ${request.headers.get("content-type")}`);
    this.problems.push(...bodyProblems(body));
    return (await this.answer(call)) ?? new Response("0");
  }
}

/** What a back end answers that says no in words. */
export function noEntry(reason = "no entry"): Response {
  return Response.json({ code: 1, msg: reason });
}

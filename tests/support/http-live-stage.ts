import type { HttpLiveVhost } from "../../src/features/http-live/context.ts";
import { HttpLive } from "../../src/features/http-live/http-live.ts";
import type { AccessRequest, Guard, GuardResult } from "../../src/live/ports/access.ts";
import { Entry } from "../../src/live/ports/entry.ts";
import type { HttpRoute } from "../../src/live/ports/http.ts";
import type { PublishOptions } from "../../src/live/source/source.ts";
import type { Stream } from "../../src/live/stream.ts";
import { Streams } from "../../src/live/streams.ts";
import { epochIds } from "./epoch-ids.ts";
import type { FakeClock } from "./fake-clock.ts";
import { rethrow } from "./faults.ts";
import { HttpStage } from "./http-stage.ts";
import { Feed, streamDefaults } from "./live.ts";
import { openAccount } from "./open-door.ts";

const NAME = { vhost: "__defaultVhost__", app: "live", stream: "show" };

/** An HTTP server with streams to play, on a fake clock. The next route has a file at /live/file.mp3. */
export class HttpLiveStage extends HttpStage {
  readonly streams: Streams;
  readonly live: HttpLive;
  /** What the guards were asked. */
  readonly requests: AccessRequest[] = [];
  /** What the guards say. */
  result: GuardResult | Promise<GuardResult>;
  /** For how long streams are looked for elsewhere. */
  searchMs = 0;
  /** What clients begin and end. */
  readonly events: string[] = [];
  #vhost: HttpLiveVhost = {
    ...streamDefaults,
    enabled: true,
    publish: { grace: 30, switch_after: 1000 },
    http_remux: { enabled: true, on_unpublish: "close" },
  };

  constructor() {
    const late: { route?: HttpRoute } = {};
    const file: HttpRoute = {
      handle({ path }, exchange) {
        if (path === "/live/file.mp3") exchange.respond({ status: 200, body: new TextEncoder().encode("a file") });
        return path === "/live/file.mp3";
      },
    };
    super({}, [{ handle: (request, exchange) => late.route?.handle(request, exchange) ?? false }, file]);
    this.streams = new Streams(this.clock, rethrow, epochIds());
    const guard: Guard = {
      name: "rule",
      check: (request) => {
        this.requests.push(request);
        return this.result;
      },
    };
    const found = () => ({ name: NAME.vhost, config: this.#vhost });
    const entry = new Entry<HttpLiveVhost>({
      clock: this.clock,
      nodeId: "this-node",
      vhosts: { find: (name) => (name === "nowhere" ? undefined : found()), named: found },
      guards: [guard],
      countingGuards: [],
      connections: openAccount(100),
    });
    this.live = new HttpLive({
      clock: this.clock,
      streams: this.streams,
      entry: () => entry,
      searchMs: () => this.searchMs,
    });
    late.route = this.live;
    this.clients.observe({
      began: ({ id }, { kind, stream }) => this.events.push(`${id} began ${kind} ${stream.key}`),
      ended: ({ id }, { kind, bytes, lost }) =>
        this.events.push(`${id} ended ${kind}${bytes > 0 ? "" : ", nothing"} lost=${lost}`),
    });
  }

  get stream(): Stream | undefined {
    return this.streams.find(NAME);
  }

  /** Changes the vhost's configuration, as a reload does. */
  configure(change: Partial<HttpLiveVhost> & { readonly gop_cache?: boolean }): this {
    this.#vhost = { ...this.#vhost, ...change };
    this.live.reconfigure();
    return this;
  }

  /** Begins to publish `/live/show`. */
  publish(options: PublishOptions = {}): Feed {
    const stream = this.streams.open(NAME, { ...streamDefaults, ...this.#vhost, ...this.#vhost.publish });
    const source = stream.publish({ id: "p", remote: "test", param: "", hops: [], via: "client" }, options);
    if (source === undefined) throw new Error("the stream is busy");
    return new Feed(source, this.clock as FakeClock);
  }
}

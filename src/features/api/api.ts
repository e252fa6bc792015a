import { joined } from "../../base/memory.ts";
import { siteName } from "../../base/network.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { ClientObserver } from "../../live/ports/clients.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HttpExchange, HttpRoute } from "../../live/ports/http.ts";
import type { StreamObserver } from "../../live/streams.ts";
import { type Caller, CredentialsError, callerOf, isSameSite } from "./access.ts";
import { Actions } from "./actions.ts";
import { Bans } from "./bans.ts";
import { ClientTable } from "./clients.ts";
import { consoleOperations } from "./console.ts";
import type { ApiContext } from "./context.ts";
import { directorOperations } from "./director.ts";
import { type ApiAnswer, Dispatcher } from "./dispatcher.ts";
import { hookOperations } from "./hooks.ts";
import { idOf } from "./ids.ts";
import { Load } from "./load.ts";
import { LoopDelay } from "./loop-delay.ts";
import { Metrics } from "./metrics.ts";
import { nodeOperations } from "./nodes.ts";
import { openApiOf, rootOperation } from "./openapi.ts";
import { ApiError, type Operation } from "./operation.ts";
import { processOperations } from "./process-operations.ts";
import { rawOperations } from "./raw.ts";
import { relayOperations } from "./relays.ts";
import { ReportCache } from "./report-cache.ts";
import { StreamTable } from "./streams.ts";
import { summaryOperations } from "./summaries.ts";
import { targetOperations } from "./targets.ts";
import { Traffic } from "./traffic.ts";
import { transcoderOperations } from "./transcoders.ts";
import { vhostOperations } from "./vhosts.ts";

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
/** The name of a JSONP callback. */
const CALLBACK = /^[A-Za-z_$][\w$.]{0,63}$/;
const ROOT = "/api/v1";

/** Counts uses from a site (an IPv4 address or an IPv6 /64) within a minute; false if there were too many. */
export type TakeRate = (site: string, perMinute: number) => boolean;

/** Maximum number of wrong passwords from a site in a minute. */
const FAILURES_PER_MINUTE = 20;

/** The API for administration, and metrics, for calls through the HTTP listener and the control socket. */
export class Api implements Feature, HttpRoute {
  readonly name = "api";
  readonly clients: ClientObserver;
  readonly streams: StreamObserver;
  readonly guards: readonly Bans[];
  /** All operations of the API. */
  readonly operations: readonly Operation[];
  readonly #context: ApiContext;
  readonly #dispatcher: Dispatcher;
  readonly #traffic: Traffic;
  readonly #delay: LoopDelay;
  readonly #metrics: Metrics;
  readonly #takeFailure: TakeRate;

  /** `takeFailure` counts wrong passwords. */
  constructor(context: ApiContext, takeFailure: TakeRate) {
    this.#context = context;
    this.#takeFailure = takeFailure;
    const { clock, log, version, nodeId, process } = context;
    const traffic = new Traffic(clock, context.streams, context.clients);
    const load = new Load(context);
    const bans = new Bans(clock);
    const actions = new Actions(clock);
    const reports = new ReportCache(context);
    const streams = new StreamTable(context, traffic, reports);
    this.#traffic = traffic;
    this.#delay = new LoopDelay(clock);
    this.#metrics = new Metrics(context, traffic, load, reports, this.#delay);
    this.clients = traffic;
    this.streams = traffic;
    this.guards = [bans];
    const operations: Operation[] = [
      ...summaryOperations(context, load, reports),
      ...vhostOperations(context, traffic),
      ...streams.operations,
      ...new ClientTable(context, traffic, streams, bans).operations,
      ...bans.operations(context),
      ...relayOperations(context, reports),
      ...targetOperations(context),
      ...transcoderOperations(reports),
      ...hookOperations(reports),
      ...processOperations(context),
      ...rawOperations(context),
      ...nodeOperations(context, reports),
      ...directorOperations(context),
      ...consoleOperations(context),
      ...actions.operations,
    ];
    operations.push(rootOperation(ROOT, operations));
    const document = openApiOf(operations, version);
    operations.push({
      method: "GET",
      path: `${ROOT}/openapi.json`,
      role: "read",
      summary: "This document.",
      bare: true,
      answer: {},
      run: () => document,
    });
    this.operations = operations;
    const envelope = { server: idOf(nodeId), service: nodeId, pid: String(process.pid) };
    this.#dispatcher = new Dispatcher(operations, clock, log, envelope, actions);
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    const { path } = request;
    if (path !== "/metrics" && path !== ROOT && !path.startsWith(`${ROOT}/`)) return false;
    try {
      const caller = callerOf(request, exchange.remote.host, {
        config: this.#context.config(),
        users: this.#context.users(),
        mayFail: (address) => this.#takeFailure(siteName(address), FAILURES_PER_MINUTE),
      });
      const answering =
        path === "/metrics" ? this.#answerMetrics(request, exchange) : this.#answerCall(request, exchange, caller);
      answering.catch((error: unknown) => this.#refuse(request, exchange, error));
    } catch (error) {
      this.#refuse(request, exchange, error);
    }
    return true;
  }

  /** Answers a call through the control socket, from this machine's terminal, with JSON. */
  async call(
    method: string,
    target: string,
    body: string,
  ): Promise<{ readonly status: number; readonly json: string }> {
    const [path = "", query = ""] = target.split("?", 2);
    const { status, parts } = await this.#dispatcher.call({
      method,
      path,
      query: new URLSearchParams(query),
      body: new TextEncoder().encode(body),
      by: "the control socket",
      role: "admin",
    });
    return { status, json: parts.map((part) => new TextDecoder().decode(part)).join("") };
  }

  stop(): void {
    this.#traffic.stop();
    this.#delay.stop();
  }

  async #answerMetrics({ method }: HttpRequest, exchange: HttpExchange): Promise<void> {
    if (method !== "GET" && method !== "HEAD") throw new ApiError(405, "method", "metrics take GET");
    exchange.respond({ status: 200, type: METRICS_TYPE, body: await this.#metrics.text() });
  }

  async #answerCall(request: HttpRequest, exchange: HttpExchange, { by, role }: Caller): Promise<void> {
    const query = new URLSearchParams(request.query);
    const callback = query.get("callback");
    const { path, body } = request;
    const method = methodOf(request, query);
    // Pages of any host can load a script from here, and so send a GET.
    if (method !== request.method && !isSameSite(request))
      throw new ApiError(403, "rights", `by GET, pages of this host alone may do this; others send ${method}`);
    if (callback !== null && !isSameSite(request))
      throw new ApiError(403, "rights", "pages of this host alone may call with callback; others leave it out");
    if (!CALLBACK.test(callback ?? "_")) throw new ApiError(403, "rights", "callback must be the name of a function");
    const answer = await this.#dispatcher.call({ method, path, query, body, by, role });
    this.#send(exchange, answer, callback);
  }

  #refuse({ path }: HttpRequest, exchange: HttpExchange, error: unknown): void {
    const answer = this.#dispatcher.failure(error);
    const rule = answer.status === 401 || answer.status === 429 ? "http_api.user" : "http_api";
    const { log, refusals } = this.#context;
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { addr: exchange.remote.host, path, error: reason };
    refusals.add({ rule, log, message: "API call refused", fields });
    this.#send(exchange, answer, null, error instanceof CredentialsError);
  }

  /** With JSONP, errors have status 200, as in SRS: a browser does not run a script that has another status. */
  #send(exchange: HttpExchange, { status, parts }: ApiAnswer, callback: string | null, asksForUser = false): void {
    const headers: Record<string, string> = asksForUser ? { "www-authenticate": 'Basic realm="srs"' } : {};
    if (status === 429) headers["retry-after"] = "60";
    if (callback === null) {
      exchange.respond({ status, type: "application/json", headers, body: joined(...parts) });
      return;
    }
    const encoder = new TextEncoder();
    const body = joined(encoder.encode(`${callback}(`), ...parts, encoder.encode(");\n"));
    exchange.respond({ status: 200, type: "text/javascript; charset=utf-8", headers, body });
  }
}

/** The method of a call. Pages that can only load scripts give it in the query: SRS's console to kick, SRS's raw API to reload. */
function methodOf({ method, path }: HttpRequest, query: URLSearchParams): string {
  if (method !== "GET") return method;
  if (query.get("method") === "DELETE") return "DELETE";
  return path === `${ROOT}/raw` && query.get("rpc") === "reload" ? "POST" : method;
}

import type { HttpRequest } from "../../http/request.ts";
import type { AccessRequest, Guard, GuardResult } from "../../live/ports/access.ts";
import type { DirectorAnswer, DirectorQuestion, Pathway, Pathways } from "../../live/ports/director.ts";
import type { Feature } from "../../live/ports/feature.ts";
import { type HttpExchange, type HttpRoute, redirectSchemes } from "../../live/ports/http.ts";
import { type KnownNode, located, type NodeState, type StreamPlace } from "../../live/ports/nodes.ts";
import type { Report } from "../../live/ports/report.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import { paramsOf, urlsOf } from "./addresses.ts";
import { Choice, type Criteria } from "./choice.ts";
import type { DirectorContext } from "./context.ts";
import { fitnessFor, keyOf, type Purpose } from "./fitness.ts";
import { pathwayOf, STEERING_PATH, steeringManifest } from "./steering.ts";

/** The path of clients' questions. */
const PATH = "/api/v1/director";
/** Maximum number of other nodes in an HLS playlist. */
const MAX_PATHWAYS = 3;

const SCHEMES = ["rtmp", "rtmps", "http", "https"];
/** Statuses of the answers that name no node. */
const STATUSES = { input: 400, vhost: 404, stream: 404, node: 503 } as const;

/** A status and the body of an answer. */
type Reply = [status: number, body: object];

const encoder = new TextEncoder();

/** Redirects viewers and publishers to the node with most room, and answers questions for that node. */
export class Director implements Feature, Guard, HttpRoute {
  readonly name = "director";
  readonly guards = [this];
  readonly http = [this];
  readonly #context: DirectorContext;
  readonly #choice: Choice;
  #sent = 0;

  constructor(context: DirectorContext) {
    this.#context = context;
    this.#choice = new Choice(context.clock);
  }

  report(): Report {
    return { since: { directed: this.#sent } };
  }

  /** Redirects a client that follows redirects, unless another server has redirected it here or this node is the best. */
  check(request: AccessRequest): GuardResult | Promise<GuardResult> {
    const { name, hops, follows = [], directed, param } = request;
    if (follows.length === 0 || directed) return undefined;
    const isServer = hops.length > 0;
    const director = this.#context.vhost(name.vhost)?.director ?? "off";
    // With "proxy", viewers stay on this node. A server that fetches for them is still sent to the publisher's node.
    if (director === "off" || (director === "proxy" && !isServer)) return undefined;
    // RTMP's URLs have no escape for white space.
    if (/\s/.test(`${name.app}${name.stream}${param}`)) return undefined;
    return located(this.#context.nodes.locate(keyOf(name)), ({ places }) => this.#send(request, follows, places));
  }

  #send(
    { name, action, address, hops }: AccessRequest,
    follows: readonly string[],
    places: readonly StreamPlace[],
  ): GuardResult {
    if (action === "play" && places.length === 0) return undefined;
    // A server that pushes means this node. A server that fetches a stream that this node has gets it here.
    if (hops.length > 0 && (action === "publish" || places.some(({ node }) => node.isSelf))) return undefined;
    const nodes = this.#context.nodes.all();
    const place = this.#choice.choose(nodes, criteriaOf(nodes, { name, action, hops, places }, address, follows));
    if (place === undefined || place.isSelf) return undefined;
    this.#sent++;
    const elsewhere = { server: place.url, params: paramsOf(name) };
    return { kind: "elsewhere", reason: `${streamLabel(keyOf(name))} is at ${place.url}`, elsewhere };
  }

  /** The node that a client is to use. */
  ask(question: DirectorQuestion): DirectorAnswer | Promise<DirectorAnswer> {
    const { vhost, app, stream, action, protocol } = question;
    const found = this.#context.vhost(vhost);
    const label = streamLabel(`${found?.name ?? vhost}/${app}/${stream}`);
    const no = (kind: keyof typeof STATUSES, reason: string): DirectorAnswer => {
      return { ok: false, kind, reason, stream: label, nodes: () => [] };
    };
    if (!this.#context.isOn()) return no("vhost", "no vhost of this server has a director");
    if (app === "" || stream === "") return no("input", "name the stream: ?app=live&stream=livestream");
    if (action !== "" && action !== "play" && action !== "publish") return no("input", "action is play or publish");
    if (protocol !== "" && !SCHEMES.includes(protocol)) return no("input", `protocol is one of ${SCHEMES.join(", ")}`);
    if (found === undefined) return no("vhost", `no vhost "${vhost}" here`);
    if (found.director === "off") return no("vhost", `vhost "${found.name}" has no director`);
    const name = { vhost: found.name, app, stream };
    return located(this.#context.nodes.locate(keyOf(name)), ({ places, sure }) => {
      if (action !== "publish" && places.length === 0 && sure) return no("stream", `no node has ${label}`);
      return this.#place({ name, action: action || "play", hops: [], places }, question, label, no);
    });
  }

  #place(
    purpose: Purpose,
    { protocol, client, zone }: DirectorQuestion,
    label: string,
    no: (kind: "node", reason: string) => DirectorAnswer,
  ): DirectorAnswer {
    const nodes = this.#context.nodes.all();
    const schemes = protocol === "" ? SCHEMES : [protocol];
    const criteria = criteriaOf(nodes, purpose, client, schemes);
    const asked = zone === "" ? criteria : { ...criteria, zone };
    const standings = () => this.#choice.standings(nodes, asked);
    const place = this.#choice.choose(nodes, asked);
    const state = nodes.find(({ state }) => state?.id === place?.id)?.state;
    if (place === undefined || state === undefined)
      return { ...no("node", `no node is fit for ${label}`), nodes: standings };
    return { ok: true, stream: label, id: place.id, urls: urlsOf(purpose.name, state, schemes), nodes: standings };
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    const { path } = request;
    if (path !== PATH && path !== STEERING_PATH) return false;
    const respond = ([status, answer]: Reply) => {
      const headers = { "cache-control": "no-store" };
      exchange.respond({ status, type: "application/json", headers, body: encoder.encode(JSON.stringify(answer)) });
    };
    const answer = path === PATH ? this.#answer(request, exchange) : this.#steer(request, exchange);
    if (answer instanceof Promise) void answer.then(respond);
    else respond(answer);
    return true;
  }

  /** Other servers with the same HLS of a stream, for a playlist of this one; undefined if there are none. */
  pathways(
    name: StreamName,
    address: string,
    request: Pick<HttpRequest, "secure">,
  ): Pathways | undefined | Promise<Pathways | undefined> {
    if ((this.#context.vhost(name.vhost)?.director ?? "off") === "off") return undefined;
    return located(this.#context.nodes.locate(keyOf(name)), ({ places }) => {
      const nodes = this.#context.nodes.all();
      const schemes = redirectSchemes(request);
      const others: Pathway[] = [];
      for (const { isSelf, url } of this.#choice.rank(nodes, viewing(nodes, name, places, address, schemes)))
        if (!isSelf && others.length < MAX_PATHWAYS) others.push({ id: pathwayOf(url), server: url });
      if (others.length === 0) return undefined;
      const steering = `${STEERING_PATH}?${new URLSearchParams({ ...name })}`;
      return { own: ownPathway(nodes, schemes), others, params: paramsOf(name), steering };
    });
  }

  /** Servers from which a page of this server may have to play. */
  servers(): readonly string[] {
    if (!this.#context.isOn()) return [];
    const urls = this.#context.nodes.all().flatMap(({ state }) => state?.advertise ?? []);
    return [...new Set(urls.filter((url) => url.startsWith("http")))];
  }

  #answer({ host, query }: HttpRequest, exchange: HttpExchange): Reply | Promise<Reply> {
    const params = new URLSearchParams(query);
    const of = (key: string) => params.get(key) ?? "";
    const texts = { app: of("app"), stream: of("stream"), action: of("action"), protocol: of("protocol") };
    const client = exchange.remote.host;
    const answer = this.ask({ ...texts, vhost: of("vhost") || host, client, zone: of("zone") });
    return answer instanceof Promise ? answer.then(replyOf) : replyOf(answer);
  }

  #steer(request: HttpRequest, exchange: HttpExchange): Reply | Promise<Reply> {
    const params = new URLSearchParams(request.query);
    const [vhost = "", app = "", stream = ""] = ["vhost", "app", "stream"].map((key) => params.get(key) ?? "");
    const found = this.#context.vhost(vhost);
    // Status 410: the player stops asking.
    if (found === undefined || found.director === "off") return [410, { code: 410, error: "there is no director" }];
    const name = { vhost: found.name, app, stream };
    return located(this.#context.nodes.locate(keyOf(name)), ({ places }): Reply => {
      const nodes = this.#context.nodes.all();
      const schemes = redirectSchemes(request);
      const pathway = params.get("_HLS_pathway")?.replaceAll('"', "") ?? "";
      const criteria = viewing(nodes, name, places, exchange.remote.host, schemes);
      const current = this.#choice.rank(nodes, criteria).find(({ url }) => pathwayOf(url) === pathway)?.id ?? "";
      const ranked = this.#choice.rank(nodes, { ...criteria, current }).map(({ url }) => pathwayOf(url));
      return [200, steeringManifest(ranked.length > 0 ? ranked : [pathway || ownPathway(nodes, schemes)])];
    });
  }
}

function replyOf(answer: DirectorAnswer): Reply {
  if (answer.ok) return [200, { code: 0, stream: answer.stream, urls: answer.urls }];
  return [STATUSES[answer.kind], { code: STATUSES[answer.kind], error: answer.reason }];
}

function viewing(
  nodes: readonly KnownNode[],
  name: StreamName,
  places: readonly StreamPlace[],
  client: string,
  schemes: readonly string[],
): Criteria {
  return criteriaOf(nodes, { name, action: "play", hops: [], places }, client, schemes);
}

/** The criteria for a client, which is assumed to be in the zone of the node that it asks. */
function criteriaOf(
  nodes: readonly KnownNode[],
  purpose: Purpose,
  client: string,
  schemes: readonly string[],
): Criteria {
  const key = `${client}\n${keyOf(purpose.name)}`;
  return { ...fitnessFor(nodes, purpose), key, schemes, zone: selfOf(nodes)?.zone ?? "", current: "" };
}

function selfOf(nodes: readonly KnownNode[]): NodeState | undefined {
  return nodes.find(({ isSelf }) => isSelf)?.state;
}

function ownPathway(nodes: readonly KnownNode[], schemes: readonly string[]): string {
  const url = selfOf(nodes)?.advertise.find((each) => schemes.some((scheme) => each.startsWith(`${scheme}://`)));
  return url === undefined ? "here" : pathwayOf(url);
}

import { formatHostPort } from "../../base/address.ts";
import { maskName } from "../../base/mask.ts";
import type { Client, ClientTask } from "../../live/ports/clients.ts";
import { streamLabel } from "../../live/streams.ts";
import type { Bans } from "./bans.ts";
import type { ApiContext } from "./context.ts";
import { idOf, namesOf } from "./ids.ts";
import { ApiError, numberOf, type Operation, pageOf, pageQuery, searchOf, searchQuery } from "./operation.ts";
import { boolean, listOf, number, object, oneOf, string, whole } from "./schema.ts";
import { kilobits, type StreamTable } from "./streams.ts";
import { sentTo, type Traffic } from "./traffic.ts";

const client = object({
  // As SRS has them.
  id: string,
  vhost: string,
  stream: string,
  ip: string,
  pageUrl: string,
  swfUrl: string,
  tcUrl: string,
  url: string,
  name: string,
  type: string,
  publish: boolean,
  alive: number,
  send_bytes: whole,
  recv_bytes: whole,
  kbps: object({ recv_30s: whole, send_30s: whole }),
  // What SRS lacks.
  client_id: string,
  port: whole,
  protocol: string,
  format: oneOf("rtmp", "flv", "ts", "aac", "mp3", "hls"),
  software: string,
  server: boolean,
  lost_packets: whole,
  lag_ms: whole,
});

interface MaskedUrls {
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
}

const noUrls: MaskedUrls = { tcUrl: "", pageUrl: "", swfUrl: "" };

/** Operations on clients: list, show and kick. */
export class ClientTable {
  readonly #context: ApiContext;
  readonly #traffic: Traffic;
  readonly #streams: StreamTable;
  readonly #bans: Bans;
  /** Masked URLs, by the client's `introduction`. */
  readonly #urls = new WeakMap<object, MaskedUrls>();

  constructor(context: ApiContext, traffic: Traffic, streams: StreamTable, bans: Bans) {
    this.#context = context;
    this.#traffic = traffic;
    this.#streams = streams;
    this.#bans = bans;
  }

  get operations(): readonly Operation[] {
    const kickQuery = [
      { name: "ban", doc: "Seconds for which its address may not have the stream again; 0 by default." },
    ];
    return [
      {
        method: "GET",
        path: "/api/v1/clients",
        role: "read",
        summary: "The clients that publish or play.",
        query: [
          ...pageQuery,
          searchQuery,
          { name: "stream", doc: "The id of the stream that they are of." },
          { name: "slow", doc: "1: only those that have lost packets or are behind." },
          { name: "server", doc: "1: only servers that play to pass the stream on, edges above all." },
        ],
        answer: { clients: listOf(client) },
        run: (call) => ({
          list: "clients",
          items: this.#context.clients.all(),
          has: this.#filter(call.query),
          page: pageOf(call),
          write: (item: Client) => this.#write(item),
        }),
      },
      {
        method: "GET",
        path: "/api/v1/clients/{id}",
        role: "read",
        summary: "One client.",
        answer: { client },
        run: ({ params }) => ({ client: this.#write(this.#find(params.id)) }),
      },
      {
        method: "DELETE",
        path: "/api/v1/clients/{id}",
        role: "admin",
        summary: "Sends a client away, for good if it is banned.",
        query: kickQuery,
        answer: {},
        run: ({ params, query, by }) => {
          const found = this.#find(params.id);
          const ban = numberOf(query, "ban", 0);
          if (ban > 0)
            for (const { stream, kind } of found.tasks) this.#bans.add(found.remote.host, stream.key, kind, ban);
          const fields = { by, client: found.id, addr: formatHostPort(found.remote), ban: ban || undefined };
          this.#context.log.warn("client kicked", fields);
          found.kick("sent away by the operator");
          return {};
        },
      },
    ];
  }

  #find(id = ""): Client {
    const found = this.#context.clients.find(id);
    if (found === undefined || found.protocol === "api")
      throw new ApiError(404, "client", "there is no client of this id now; GET /api/v1/clients lists those that are");
    return found;
  }

  /** Whether a client matches a call's query. Throws ApiError. */
  #filter(query: URLSearchParams): (client: Client) => boolean {
    const given = query.get("stream");
    const stream = given === null ? undefined : this.#streams.find(given);
    const [matches, isSearched] = [searchOf({ query }), query.get("search") !== null];
    // The requested URL is not searched: it may have keys, which searches would reveal letter by letter.
    const isFound = (each: Client, { stream: { key } }: ClientTask) =>
      matches(each.id, each.remote.host, key, each.introduction?.software ?? "", this.#urlsOf(each).pageUrl);
    const [slow, server] = [query.get("slow") === "1", query.get("server") === "1"];
    const isAskedFor = (each: Client, task: ClientTask) => {
      if (stream !== undefined && task.stream !== stream) return false;
      if ((slow && !isSlow(task)) || (server && !(task.kind === "play" && task.relay))) return false;
      return !isSearched || isFound(each, task);
    };
    return (each) => each.tasks.some((task) => isAskedFor(each, task));
  }

  /** The client's URLs without secrets, cached: masking is most of the cost of a page of clients, and callers ask each second. */
  #urlsOf({ introduction }: Client): MaskedUrls {
    if (introduction === undefined) return noUrls;
    let urls = this.#urls.get(introduction);
    if (urls === undefined) {
      const { url, pageUrl = "", swfUrl = "" } = introduction;
      urls = { tcUrl: maskName(url), pageUrl: maskName(pageUrl), swfUrl: maskName(swfUrl) };
      this.#urls.set(introduction, urls);
    }
    return urls;
  }

  #write(of: Client): object {
    const [task] = of.tasks;
    const { clock } = this.#context;
    const format = formatOf(of);
    const rates = this.#traffic.ratesOfClient(of);
    const { tcUrl, pageUrl, swfUrl } = this.#urlsOf(of);
    const names = task === undefined ? undefined : namesOf(task.stream.key);
    return {
      id: of.id,
      vhost: names === undefined ? "" : idOf(names.vhost),
      stream: task === undefined ? "" : this.#streams.idOf(task.stream),
      ip: of.remote.host,
      pageUrl,
      swfUrl,
      tcUrl,
      url: task === undefined ? "" : streamLabel(task.stream.key),
      name: names?.stream ?? "",
      type: typeOf(task, format),
      publish: task?.kind === "publish",
      alive: Math.round(clock.now() - of.since) / 1000,
      send_bytes: sentTo(of),
      recv_bytes: of.bytesReceived,
      kbps: { recv_30s: kilobits(rates.received), send_30s: kilobits(rates.sent) },
      client_id: this.#context.clients.uniqueId(of.id),
      port: of.remote.port,
      protocol: of.protocol,
      format,
      software: of.introduction?.software ?? "",
      server: task?.relay ?? false,
      lost_packets: task?.lost ?? 0,
      lag_ms: Math.round(lagOf(task)),
    };
  }
}

function isSlow(task: ClientTask): boolean {
  return task.kind === "play" && (task.lost > 0 || lagOf(task) > 1000);
}

function lagOf(task: ClientTask | undefined): number {
  return task?.kind === "play" ? (task.lagMs ?? 0) : 0;
}

/** SRS's word for a client's type; `flv-play` stands for each viewer that gets a stream as one long HTTP answer. */
function typeOf(task: ClientTask | undefined, format: string): string {
  if (task === undefined) return "Unknown";
  if (task.kind === "publish") return "fmle-publish";
  if (format === "rtmp" || format === "hls") return `${format}-play`;
  return "flv-play";
}

/** The format in which a client sends or gets media. */
function formatOf({ protocol, introduction }: Client): string {
  if (protocol !== "http") return protocol;
  return /\.(flv|ts|aac|mp3)(?:[?#]|$)/i.exec(introduction?.url ?? "")?.[1]?.toLowerCase() ?? "flv";
}

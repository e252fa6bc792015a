import { maskText } from "../../base/mask.ts";
import { HEALTH_STATES } from "../../live/ports/health.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import type { ApiContext } from "./context.ts";
import { idOf, namesOf } from "./ids.ts";
import { ApiError, type Operation, pageOf, pageQuery, searchOf, searchQuery } from "./operation.ts";
import type { ReportCache } from "./report-cache.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";
import { trackSchemas, tracksOf } from "./tracks.ts";
import type { Traffic } from "./traffic.ts";

const kbps = object({ recv_30s: whole, send_30s: whole });

const source = object({
  id: string,
  role: oneOf("active", "standby", "ended"),
  preferred: boolean,
  via: oneOf("client", "pull", "sibling"),
  ip: string,
  since: number,
  bytes: whole,
  frames: whole,
  silent_ms: whole,
});

const stream = object({
  // As SRS has them.
  id: string,
  name: string,
  vhost: string,
  app: string,
  tcUrl: string,
  url: string,
  live_ms: whole,
  clients: whole,
  frames: whole,
  audio_frames: whole,
  video_frames: whole,
  send_bytes: whole,
  recv_bytes: whole,
  kbps,
  publish: object({ active: boolean, cid: string }),
  ...trackSchemas,
  // What SRS lacks.
  viewers: whole,
  since: orNull(number),
  fps: number,
  gop_ms: whole,
  lost_packets: whole,
  lag_ms: whole,
  age_ms: orNull(whole),
  source_switches: whole,
  timestamp_repairs: object({ jump: whole, held: whole, moved: whole, wrap: whole }),
  health: listOf(object({ state: oneOf(...HEALTH_STATES), since: number, detail: string })),
  sources: listOf(source),
});

/** A whole number of kilobits a second. */
export function kilobits(bytesPerSecond: number): number {
  return Math.round((bytesPerSecond * 8) / 1000);
}

/** Operations on streams: list, show, and switch the source. */
export class StreamTable {
  readonly #context: ApiContext;
  readonly #traffic: Traffic;
  readonly #reports: ReportCache;
  /** Cached ids. */
  readonly #ids = new WeakMap<Stream, string>();

  constructor(context: ApiContext, traffic: Traffic, reports: ReportCache) {
    this.#context = context;
    this.#traffic = traffic;
    this.#reports = reports;
  }

  get operations(): readonly Operation[] {
    return [
      {
        method: "GET",
        path: "/api/v1/streams",
        role: "read",
        summary: "The streams that somebody publishes or waits for.",
        query: [
          ...pageQuery,
          { name: "vhost", doc: "The id or the name of the vhost that they are of." },
          searchQuery,
          { name: "unhealthy", doc: "1: only those whose `health` is not empty." },
        ],
        answer: { streams: listOf(stream) },
        run: async (call) => {
          await this.#traffic.fresh();
          return {
            list: "streams",
            items: this.#context.streams.all(),
            has: this.#filter(call.query),
            page: pageOf(call),
            write: (item: Stream) => this.#write(item),
          };
        },
      },
      {
        method: "GET",
        path: "/api/v1/streams/{id}",
        role: "read",
        summary: "One stream.",
        answer: { stream },
        run: async ({ params }) => {
          await this.#traffic.fresh();
          return { stream: this.#write(this.find(params.id ?? "")) };
        },
      },
      {
        method: "POST",
        path: "/api/v1/streams/{id}/switch",
        role: "admin",
        summary: "Makes another source of the stream the active one. It stays so until it fails.",
        body: object({ source: string }),
        answer: { active: string },
        run: ({ params, body, by }) => {
          const found = this.find(params.id ?? "");
          const wanted = (body as { source?: unknown } | undefined)?.source;
          if (typeof wanted !== "string") throw new ApiError(400, "input", 'the body must be {"source": "ID"}');
          if (found.source?.info.id !== wanted && !found.sources.switchTo(wanted))
            throw new ApiError(404, "source", `no source ${wanted.slice(0, 64)} stands by for this stream`);
          this.#context.log.info("source switched by hand", { by, stream: found.key, to: wanted });
          return { active: wanted };
        },
      },
    ];
  }

  idOf(of: Stream): string {
    let id = this.#ids.get(of);
    if (id === undefined) {
      id = idOf(of.key);
      this.#ids.set(of, id);
    }
    return id;
  }

  /** Finds a stream by its id, `/app/stream` or `vhost/app/stream`. Throws ApiError. */
  find(id: string): Stream {
    const key = id.startsWith("/") ? `__defaultVhost__${id}` : id;
    for (const each of this.#context.streams.all()) if (each.key === key || this.idOf(each) === id) return each;
    throw new ApiError(404, "stream", "there is no stream of this id now; GET /api/v1/streams lists those that are");
  }

  /** Whether a stream matches a call's query. */
  #filter(query: URLSearchParams): (stream: Stream) => boolean {
    const { healthOf } = this.#reports;
    const [vhost, isUnhealthy, matches] = [query.get("vhost"), query.get("unhealthy") === "1", searchOf({ query })];
    return ({ key }) => {
      if ((isUnhealthy && !healthOf.has(key)) || !matches(key)) return false;
      if (vhost === null) return true;
      const name = namesOf(key).vhost;
      return vhost === name || vhost === idOf(name);
    };
  }

  #write(of: Stream): object {
    const { clock } = this.#context;
    const { vhost, app, stream: name } = namesOf(of.key);
    const { publishers, players, sent, lost, lagMs } = this.#traffic.clientsOf(of);
    const rates = this.#traffic.ratesOf(of);
    const active = of.source;
    const ageMs = of.ageMs();
    const { frames = 0, videoFrames = 0, gopMs = 0 } = active ?? {};
    const wallOf = (at: number) => Math.round(clock.wall() - clock.now() + at);
    return {
      id: this.idOf(of),
      name,
      vhost: idOf(vhost),
      app,
      tcUrl: `rtmp://${vhost}/${app}`,
      url: streamLabel(of.key),
      live_ms: Math.round(clock.wall()),
      clients: publishers + players,
      frames: videoFrames,
      audio_frames: frames - videoFrames,
      video_frames: videoFrames,
      send_bytes: sent,
      recv_bytes: this.#traffic.receivedBy(of),
      kbps: { recv_30s: kilobits(rates.received), send_30s: kilobits(rates.sent) },
      publish: { active: active !== undefined, cid: active?.info.id ?? "" },
      ...tracksOf(of),
      viewers: players,
      since: active === undefined ? null : wallOf(active.since),
      fps: Math.round(rates.frames * 100) / 100,
      gop_ms: gopMs,
      lost_packets: lost,
      lag_ms: Math.round(lagMs),
      age_ms: ageMs === undefined ? null : Math.round(ageMs),
      source_switches: of.sources.switches,
      timestamp_repairs: {
        jump: of.corrections.of("jump"),
        held: of.corrections.of("held"),
        moved: of.corrections.of("moved"),
        wrap: of.corrections.of("wrap"),
      },
      health: (this.#reports.healthOf.get(of.key) ?? []).map(({ state, since, detail }) => ({ state, since, detail })),
      sources: [...(active === undefined ? [] : [active]), ...of.sources.standbys].map((each) => this.#source(each)),
    };
  }

  #source({ info, role, preferred, since, bytes, frames, lastMediaAt }: Source): object {
    const { clock } = this.#context;
    const now = clock.now();
    return {
      id: info.id,
      role,
      preferred,
      via: info.via,
      ip: maskText(info.remote),
      since: Math.round(clock.wall() - now + since),
      bytes,
      frames,
      silent_ms: Math.max(0, Math.round(now - lastMediaAt)),
    };
  }
}

import { parseOrigin } from "../../src/features/edge/address.ts";
import type { HlsContext } from "../../src/features/hls/context.ts";
import type { HlsFormats } from "../../src/features/hls/formats.ts";
import type { HlsStream } from "../../src/features/hls/hls-stream.ts";
import { HlsStreams } from "../../src/features/hls/hls-streams.ts";
import type { ListedPart, ListedSegment } from "../../src/features/hls/window.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNode } from "./fake-node.ts";
import { FakeNet } from "./fake-transport.ts";
import { FakeFiles, hlsDefaults } from "./hls-stage.ts";
import { type Feed, streamDefaults } from "./live.ts";
import { mulberry32 } from "./random.ts";
import { publishDefaults } from "./rtmp-stage.ts";

const CLUSTER_SECRET = "0123456789abcdef0123456789abcdef";
const demand = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };
const standby = { ...publishDefaults, on_conflict: "standby" as const };
const NAME = { vhost: "__defaultVhost__", app: "live", stream: "show" };

/** What segments are, and whether they are encrypted. */
interface HlsMaking {
  readonly formats: HlsFormats;
  readonly hls_format: "ts" | "fmp4";
  readonly keys: boolean;
  /** With low-latency HLS. */
  readonly parts: boolean;
}

/** One server's HLS of the one stream: all that it ever listed, and its playlist after each entry. */
export class HlsServer {
  readonly node: FakeNode;
  readonly listed: ListedSegment[] = [];
  /** Parts that were listed before their segments. */
  readonly parts: ListedPart[] = [];
  readonly playlists: string[] = [];
  /** Those of its renditions, by id. */
  readonly renditions = new Map<string, string[]>();
  readonly hls: HlsStream;

  constructor(clock: FakeClock, node: FakeNode, making: HlsMaking, random: () => number) {
    this.node = node;
    const { formats, hls_format, keys, parts } = making;
    const lists = { hls_window: 8, hls_dispose: 0 };
    const config = { ...hlsDefaults, ...lists, hls_format, hls_keys: keys, hls_low_latency: parts };
    const streams = new HlsStreams(
      {
        clock,
        log: node.log,
        formats,
        files: new FakeFiles(),
        configOf: () => ({ ...streamDefaults, enabled: true, publish: publishDefaults, hls: config }),
        gzip: (bytes: Uint8Array) => bytes,
        keySecret: () => CLUSTER_SECRET,
        randomHex: (bytes: number) =>
          Math.floor(random() * 2 ** 32)
            .toString(16)
            .padStart(2 * bytes, "0"),
      } as unknown as HlsContext,
      [
        {
          listed: (_, segment) => {
            segment.memory?.hold();
            this.listed.push(segment);
          },
          partListed: (stream, part) => {
            part.memory?.hold();
            this.parts.push(part);
            this.#note(stream);
          },
          changed: (stream) => this.#note(stream),
        },
      ],
    );
    this.hls = streams.open(NAME, config);
    node.streams.observe({
      published: (stream) => this.hls.begin(stream),
      unpublished: (_stream, _source, how) => this.hls.ends(how),
    });
  }

  #note({ rendition, playlists }: HlsStream): void {
    const text = new TextDecoder().decode(playlists.media().body);
    if (rendition === undefined) this.playlists.push(text);
    else this.renditions.set(rendition.id, [...(this.renditions.get(rendition.id) ?? []), text]);
  }
}

/** An origin, an edge that it forwards to, and edges that fetch, each with HLS. Connections break, and the encoder is changed. */
export class HlsCluster {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly net: FakeNet;
  readonly servers: HlsServer[] = [];
  readonly #making: HlsMaking;
  feed: Feed | undefined;

  constructor(
    seed: number,
    formats: HlsFormats,
    { keys = false, parts = false, hls_format = "ts" }: Partial<HlsMaking> = {},
  ) {
    this.random = mulberry32(seed);
    this.net = new FakeNet(this.clock);
    this.#making = { formats, hls_format, keys, parts };
  }

  /** Adds a server, which is forwarded to others or fetches from them. */
  add(name: string, forward: readonly string[], origins: readonly string[]): HlsServer {
    const config = { origin: origins.map(parseOrigin) };
    const node = new FakeNode(this.clock, this.net, `${name}:1935`, forward, standby, config);
    node.streams.configure("__defaultVhost__", { ...streamDefaults, queue_length: 4 });
    const server = new HlsServer(this.clock, node, this.#making, this.random);
    if (origins.length > 0) node.stream().tap({ send: () => true }, {}, demand);
    this.servers.push(server);
    return server;
  }

  publish(id: string): Feed {
    const [origin] = this.servers;
    if (origin === undefined) throw new Error("there is no origin");
    this.feed?.end("lost");
    this.feed = origin.node.publish("show", { id });
    this.feed.time = Math.floor(this.random() * 2 ** 32);
    return this.feed;
  }

  /** Breaks all connections from one server to another, which can't be dialled for a while. */
  separate(from: string, to: string, ms: number): void {
    this.net.cuts.add(`${from}>${to}`);
    this.clock.after(ms, () => this.net.cuts.delete(`${from}>${to}`));
    for (const { dialled, accepted } of this.net.connections.filter((one) => one.from === from && one.dialled.open)) {
      dialled.fail("cut");
      accepted.fail("cut");
    }
  }

  /** Breaks one connection between servers. */
  cut(): void {
    const open = this.net.connections.filter(({ dialled }) => dialled.open);
    const one = open[Math.floor(this.random() * open.length)];
    one?.dialled.fail("cut");
    one?.accepted.fail("cut");
  }
}

import type { PlayersReport } from "../../src/loadgen/report.ts";
import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, mib, ms } from "./cells.ts";
import { type Measured, measure } from "./load.ts";
import { type HttpServer, hasNginx, rtmpUrl, startNginxWithHls, startSrsWithHttp } from "./servers.ts";
import { rssOf, Watch } from "./usage.ts";

/** Segments of 2 s; players stay three of them behind. */
const HLS = "hls_fragment = 2\nhls_window = 12";
const FMP4 = `${HLS}\nhls_format = "fmp4"`;
const LOW_LATENCY = `${HLS}\nhls_low_latency = true`;
/** Wait until the runtime has compiled the hot paths and the first window is full. */
const WARM_UP_MS = 16_000;
/** Number of streams that are cut into segments and have no viewers. */
const CUT = 100;
const KBPS = 600;
const VIEWERS = 1000;
/** Streams whose memory is measured, their bitrate, and the time before it is measured. */
const STREAMS = 30;
const MEMORY_KBPS = 1000;
const MEMORY_MS = 60_000;
/** Players that connect each second: slowly, as connecting is not measured. */
const RAMP_PER_SECOND = 200;

/** A kind of server, with its name in the table. */
interface Kind {
  readonly name: string;
  begin(stage: Stage): Promise<HttpServer>;
}

function srs(name: string, hls?: string): Kind {
  return { name, begin: ({ executable, folder }) => startSrsWithHttp(executable, folder, "", hls) };
}

function nginx(name: string): Kind[] {
  return hasNginx() ? [{ name, begin: ({ folder }) => startNginxWithHls(folder) }] : [];
}

/** Published streams without viewers, on each server in turn; the first one does not cut them. */
function unwatched(kinds: () => readonly Kind[]): Case["run"] {
  return async (stage) => {
    const rows: Row[] = [];
    let withoutCpu: number | undefined;
    for (const { name, begin } of kinds()) {
      const server = await begin(stage);
      const publishing = publish(stage.executable, rtmpUrl(server, "cut{}"), CUT);
      try {
        await Bun.sleep(WARM_UP_MS);
        const watch = new Watch([server.pid]);
        const from = performance.now();
        await Bun.sleep(stage.seconds * 1000);
        const used = watch.stop(from, performance.now());
        const isOurs = withoutCpu !== undefined && name.startsWith("srs");
        const each = isOurs ? `${((used.cpu - (withoutCpu ?? 0)) / CUT).toFixed(3)} %` : "";
        withoutCpu ??= used.cpu;
        rows.push([name, cpu(used.cpu), `${(used.cpu / CUT).toFixed(3)} %`, each, mib(used.rssMib)]);
      } finally {
        publishing.kill("SIGINT");
        await publishing.exited;
        await server.stop();
      }
    }
    return rows;
  };
}

const CUT_HEAD = ["server", "CPU", "for a stream", "of that by HLS", "RSS"];

/** Players that load one stream's playlist and all that it lists, on each server in turn. */
function watched(kinds: () => readonly Kind[], cells: (players: PlayersReport | undefined) => Row): Case["run"] {
  return async (stage) => {
    const rows: Row[] = [];
    for (const { name, begin } of kinds()) {
      const server = await begin(stage);
      const publishing = publish(stage.executable, rtmpUrl(server, "bench"), 1);
      try {
        await Bun.sleep(WARM_UP_MS);
        const play = ["play", `http://127.0.0.1:${server.http}/live/bench.m3u8`, "-n", `${VIEWERS}`];
        const load = ["--seconds", `${stage.seconds}`, "--rate", `${RAMP_PER_SECOND}`];
        rows.push(viewerRow(name, await measure(stage.executable, [server], [[...play, ...load]]), cells));
      } finally {
        publishing.kill("SIGINT");
        await publishing.exited;
        await server.stop();
      }
    }
    return rows;
  };
}

function viewerRow(name: string, { usage, reports, loadCpu }: Measured, cells: (found?: PlayersReport) => Row): Row {
  const players = reports[0]?.players;
  const ends = [`${players?.hls?.stalls ?? 0}`, `${players?.failed ?? 0}`, cpu(loadCpu)];
  return [name, cpu(usage.cpu), mib(usage.rssMib), ...cells(players), ...ends];
}

const VIEWERS_END = ["stalls", "failed", "CPU of the viewers"];

/** Cells of players of whole segments. */
function segmentCells(players: PlayersReport | undefined): Row {
  const { playlists = 0, not_modified = 0, segments = 0, segment_delay_ms } = players?.hls ?? {};
  return [
    `${playlists + not_modified}`,
    `${segments}`,
    ms(segment_delay_ms?.p50 ?? 0),
    ms(players?.delay_ms?.p50 ?? 0),
  ];
}

const SEGMENT_HEAD = [
  "server",
  "CPU",
  "RSS",
  "playlists",
  "segments",
  "segment delay p50",
  "delay p50",
  ...VIEWERS_END,
];

/** Cells of players of parts, or of segments if there are no parts. */
function partCells(players: PlayersReport | undefined): Row {
  const {
    playlists = 0,
    not_modified = 0,
    segments = 0,
    parts = 0,
    part_delay_ms,
    segment_delay_ms,
  } = players?.hls ?? {};
  const delay = part_delay_ms ?? segment_delay_ms;
  return [
    `${playlists + not_modified}`,
    `${segments + parts}`,
    ...[delay?.p50, delay?.p99, players?.delay_ms?.p50, players?.delay_ms?.p99].map((value = 0) => ms(value)),
  ];
}

const PART_HEAD = [
  ...["server", "CPU", "RSS", "playlists", "parts or segments", "their delay p50", "p99", "delay p50", "p99"],
  ...VIEWERS_END,
];

/** The memory of a stream's HLS, beside the bytes that its playlist lists. */
async function memory({ executable, folder }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  const rss: number[] = [];
  for (const hls of [undefined, "hls_fragment = 2\nhls_window = 24"]) {
    const server = await startSrsWithHttp(executable, folder, "gop_cache = true", hls);
    const publishing = publish(executable, rtmpUrl(server, "m{}"), STREAMS, MEMORY_KBPS);
    try {
      // Time for a window, for half a window more that may still be requested, and to settle.
      await Bun.sleep(MEMORY_MS);
      rss.push(rssOf(server.pid));
      const windows = hls === undefined ? 0 : (await windowBytes(server)) / 1024 ** 2;
      const [without = 0] = rss;
      const each = (rssOf(server.pid) - without) / STREAMS;
      const name = hls === undefined ? "srs without HLS" : "srs with HLS";
      const cells =
        hls === undefined ? ["", "", ""] : [windows, each, 1.5 * windows + 1].map((value) => value.toFixed(1));
      rows.push([name, mib(rssOf(server.pid)), ...cells.map((cell) => (cell === "" ? "" : `${cell} MiB`))]);
    } finally {
      publishing.kill("SIGINT");
      await publishing.exited;
      await server.stop();
    }
  }
  return rows;
}

/** The bytes of all segments that one stream's playlist lists. */
async function windowBytes({ http }: HttpServer): Promise<number> {
  const base = `http://127.0.0.1:${http}/live/m0.m3u8`;
  const uris = async (url: string) =>
    (await (await fetch(url)).text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [media = ""] = await uris(base);
  let bytes = 0;
  for (const uri of await uris(new URL(media, base).href)) {
    const answer = await fetch(new URL(uri, base));
    bytes += (await answer.arrayBuffer()).byteLength;
  }
  return bytes;
}

function publish(executable: string, url: string, count: number, kbps = KBPS) {
  const argv = [executable, "bench", "publish", url, "-n", `${count}`, "--kbps", `${kbps}`, "--seconds", "300"];
  return owned(Bun.spawn(argv, { stdio: ["ignore", "ignore", "ignore"] }));
}

/** Comparisons of HLS. */
export const hlsCases: readonly Case[] = [
  {
    title: `HLS that nobody watches: ${CUT} streams × ${KBPS} kbps`,
    text: "Segments of 2 s, a window of 12 s, in memory (nginx-rtmp: files). The third column is what the cutting alone costs for a stream.",
    head: CUT_HEAD,
    run: unwatched(() => [srs("srs without HLS"), srs("srs with HLS", HLS), ...nginx("nginx-rtmp with HLS")]),
  },
  {
    title: `Fragmented MP4 beside MPEG-TS: ${CUT} streams × ${KBPS} kbps that nobody watches`,
    text: "Segments of 2 s, a window of 12 s; with low latency, parts of 300 ms besides.",
    head: CUT_HEAD,
    run: unwatched(() => [
      ...[srs("srs without HLS"), srs("srs, MPEG-TS", HLS)],
      ...[srs("srs, fragmented MP4", FMP4), srs("srs, low latency", LOW_LATENCY)],
    ]),
  },
  {
    title: "HLS: 1,000 viewers of one stream of 600 kbps",
    text: "Segments of 2 s. Players ask as hls.js does and take each segment over a connection of their own; nginx sends files by `sendfile`.",
    head: SEGMENT_HEAD,
    run: watched(() => [srs("srs", HLS), ...nginx("nginx-rtmp")], segmentCells),
  },
  {
    title: "Fragmented MP4 beside MPEG-TS: 1,000 viewers of one stream of 600 kbps",
    text: "Segments of 2 s, taken whole.",
    head: SEGMENT_HEAD,
    run: watched(() => [srs("srs, MPEG-TS", HLS), srs("srs, fragmented MP4", FMP4)], segmentCells),
  },
  {
    title: "Low-latency HLS: 1,000 viewers of one stream of 600 kbps",
    text: `Parts of 300 ms, beside the same stream in whole segments of 2 s. Each viewer asks for every playlist and every part before it is there,
and is answered when it is: 6.7 requests a second. The delay of parts is from their last frame at the encoder to the viewer's last byte,
that of the last columns from the encoder to the screen.`,
    head: PART_HEAD,
    run: watched(
      () => [srs("srs, low latency", LOW_LATENCY), srs("srs, whole segments", FMP4), ...nginx("nginx-rtmp")],
      partCells,
    ),
  },
  {
    title: `HLS in memory: ${STREAMS} streams × 1,000 kbps`,
    text: "A window of 24 s, after a minute. The limit is 1.5 times the bytes in the window and 1 MiB.",
    head: ["server", "RSS", "in the window", "more for each stream", "limit"],
    run: memory,
  },
];

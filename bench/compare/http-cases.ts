import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, FANOUT_HEAD, fanoutRow, mib, ms } from "./cells.ts";
import { measure } from "./load.ts";
import { hasNginx, type Server, startNginxWithHls, startSrsWithHttp } from "./servers.ts";
import { rssOf, Watch } from "./usage.ts";

type HttpServer = Server & { readonly http: number };

/** A segment is 2 s; a player is three of them behind. */
const HLS = "hls_fragment = 2\nhls_window = 12";
/** Until the runtime has compiled the hot paths and the first window is full. */
const WARM_UP_MS = 16_000;
/** Streams that are cut and that nobody watches. */
const CUT = 100;
const KBPS = 600;
const POLLING = 1000;
/** Streams whose memory is measured, and after how long. */
const STREAMS = 30;
const MEMORY_KBPS = 1000;
const MEMORY_MS = 60_000;
/** Players come gently: their coming is not measured. */
const RAMP_PER_SECOND = 200;

/** The same players by RTMP and as FLV over HTTP, of servers of their own, one after the other. */
function flvBesideRtmp(players: number, kbps: number, latency: string): Case["run"] {
  return async ({ executable, folder, seconds }) => {
    const rows: Row[] = [];
    for (const by of ["RTMP", "HTTP-FLV", "WebSocket-FLV"]) {
      const server = await startSrsWithHttp(executable, folder, `mw_latency = ${latency}`);
      try {
        const play = by === "RTMP" ? [] : ["--play-url", flvUrl(server, by)];
        const load = ["-n", `${players}`, "--kbps", `${kbps}`, "--seconds", `${seconds}`, "--rate", "1000"];
        const measured = await measure(executable, [server], [["both", rtmpUrl(server, "bench"), ...play, ...load]]);
        rows.push([`srs, ${by}`, ...fanoutRow(measured).slice(1)]);
      } finally {
        await server.stop();
      }
    }
    return rows;
  };
}

/** Streams that are published and that nobody watches: not cut, and cut. */
async function unwatched({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  const kinds = [
    { name: "srs without HLS", begin: () => startSrsWithHttp(executable, folder, "") },
    { name: "srs with HLS", begin: () => startSrsWithHttp(executable, folder, "", HLS) },
  ];
  if (hasNginx()) kinds.push({ name: "nginx-rtmp with HLS", begin: () => startNginxWithHls(folder) });
  let withoutCpu = 0;
  for (const { name, begin } of kinds) {
    const server = await begin();
    const publishing = publish(executable, rtmpUrl(server, "cut{}"), CUT);
    try {
      await Bun.sleep(WARM_UP_MS);
      const watch = new Watch([server.pid]);
      const from = performance.now();
      await Bun.sleep(seconds * 1000);
      const used = watch.stop(from, performance.now());
      if (rows.length === 0) withoutCpu = used.cpu;
      const each = name === "srs with HLS" ? `${((used.cpu - withoutCpu) / CUT).toFixed(3)} %` : "";
      rows.push([name, cpu(used.cpu), `${(used.cpu / CUT).toFixed(3)} %`, each, mib(used.rssMib)]);
    } finally {
      publishing.kill("SIGINT");
      await publishing.exited;
      await server.stop();
    }
  }
  return rows;
}

/** Players that poll one stream's playlist and take each segment. */
async function polling({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  const starts = [() => startSrsWithHttp(executable, folder, "", HLS)];
  if (hasNginx()) starts.push(() => startNginxWithHls(folder));
  for (const begin of starts) {
    const server = await begin();
    const publishing = publish(executable, rtmpUrl(server, "bench"), 1);
    try {
      await Bun.sleep(WARM_UP_MS);
      const play = ["play", `http://127.0.0.1:${server.http}/live/bench.m3u8`, "-n", `${POLLING}`];
      const load = ["--seconds", `${seconds}`, "--rate", `${RAMP_PER_SECOND}`];
      const { usage, reports } = await measure(executable, [server], [[...play, ...load]]);
      const players = reports[0]?.players;
      const hls = players?.hls;
      rows.push([
        server.name,
        cpu(usage.cpu),
        mib(usage.rssMib),
        `${Math.round((hls?.playlists ?? 0) + (hls?.not_modified ?? 0))}`,
        `${hls?.segments ?? 0}`,
        ms(hls?.segment_delay_ms?.p50 ?? 0),
        ms(players?.delay_ms?.p50 ?? 0),
        `${hls?.stalls ?? 0}`,
        `${players?.failed ?? 0}`,
      ]);
    } finally {
      publishing.kill("SIGINT");
      await publishing.exited;
      await server.stop();
    }
  }
  return rows;
}

/** What a stream's HLS has in memory, beside the bytes that its playlist lists. */
async function memory({ executable, folder }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  const rss: number[] = [];
  for (const hls of [undefined, "hls_fragment = 2\nhls_window = 24"]) {
    const server = await startSrsWithHttp(executable, folder, "gop_cache = true", hls);
    const publishing = publish(executable, rtmpUrl(server, "m{}"), STREAMS, MEMORY_KBPS);
    try {
      // A window, half of one more that may still be asked for, and the rest to settle.
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

/** The bytes of what one stream's playlist lists. */
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

function rtmpUrl({ port }: Server, stream: string): string {
  return `rtmp://127.0.0.1:${port}/live/${stream}`;
}

function flvUrl({ http }: HttpServer, by: string): string {
  return `${by === "HTTP-FLV" ? "http" : "ws"}://127.0.0.1:${http}/live/bench.flv`;
}

/** Viewers over HTTP, each beside what it is compared with. */
export const httpCases: readonly Case[] = [
  {
    title: "HTTP-FLV beside RTMP, merged: 3,000 players × 200 kbps",
    text: "`mw_latency = 350`.",
    head: FANOUT_HEAD,
    run: flvBesideRtmp(3000, 200, "350"),
  },
  ...['"auto"', "100", "350"].map((latency) => ({
    title: `HTTP-FLV, few players: 10 × 600 kbps, ${latency}`,
    text: `\`mw_latency = ${latency}\`.`,
    head: FANOUT_HEAD,
    run: flvBesideRtmp(10, 600, latency),
  })),
  {
    title: `HLS that nobody watches: ${CUT} streams × ${KBPS} kbps`,
    text: "Segments of 2 s, a window of 12 s, in memory (nginx-rtmp: files). The third column is what the cutting alone costs for a stream.",
    head: ["server", "CPU", "for a stream", "of that by HLS", "RSS"],
    run: unwatched,
  },
  {
    title: "HLS: 1,000 viewers of one stream of 600 kbps",
    text: "Segments of 2 s. Players ask as hls.js does and take each segment over a connection of their own; nginx sends files by `sendfile`.",
    head: ["server", "CPU", "RSS", "playlists", "segments", "segment delay p50", "delay p50", "stalls", "failed"],
    run: polling,
  },
  {
    title: `HLS in memory: ${STREAMS} streams × 1,000 kbps`,
    text: "A window of 24 s, after a minute. The limit is 1.5 times the bytes in the window and 1 MiB.",
    head: ["server", "RSS", "in the window", "more for each stream", "limit"],
    run: memory,
  },
];

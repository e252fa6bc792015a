import type { Case, Row } from "./cases.ts";
import { FANOUT_HEAD, fanoutRow } from "./cells.ts";
import { measure } from "./load.ts";
import { type HttpServer, rtmpUrl, startSrsWithHttp } from "./servers.ts";

/** The same players by RTMP and by FLV over HTTP, each on a server of its own, one after the other. */
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

function flvUrl({ http }: HttpServer, by: string): string {
  return `${by === "HTTP-FLV" ? "http" : "ws"}://127.0.0.1:${http}/live/bench.flv`;
}

/** Comparisons of viewers over HTTP. */
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
];

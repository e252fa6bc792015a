import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { TOKEN, Tracks } from "../../../support/hls-tracks.ts";
import { HttpStage } from "../../../support/http-stage.ts";
import { readLowLatency } from "../../../support/low-latency.ts";

const REQUESTS = 500;
/** As a browser sends them. */
const HEADERS = [
  "User-Agent: Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Accept: */*",
  "Accept-Encoding: gzip, deflate",
  "Accept-Language: en-GB,en;q=0.9",
  "Referer: http://live.example/live/show",
];
/**
 * Maximum cost of a request that waits, bytes: about 1,200 of any request and 300 of a blocked one. SHOW_BYTES=1 prints the cost. On a
 * busy machine the runtime compiles the measured code meanwhile, which adds up to 700 bytes to each request.
 */
const MAX_BYTES = 2560;

/** Bytes that a request takes while it waits, on connections that are there. */
function bytesOf(
  viewers: readonly { get(path: string, ...headers: readonly string[]): string }[],
  path: string,
): number {
  const before = heapBytes();
  for (const each of viewers) expect(each.get(path, ...HEADERS)).toBe("");
  return Math.round((heapBytes() - before) / viewers.length);
}

function heapBytes(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}

test("blocked requests take little memory, and are all answered", () => {
  const encoder = new Tracks({ config: { hls_low_latency: true } }, true, 50).run(9);
  const http = new HttpStage({}, encoder.stage.hls.http, REQUESTS);
  const viewers = Array.from({ length: REQUESTS }, () => http.dial());
  const link = `/live/show.m3u8?hls_ctx=${TOKEN}`;
  for (const each of viewers) each.get(link, ...HEADERS);
  const taken: Record<"list" | "part", number[]> = { list: [], part: [] };
  for (const what of ["list", "part", "list", "part", "list", "part"] as const) {
    const { last, hints } = readLowLatency(encoder.text(`?hls_ctx=${TOKEN}`));
    const part = `/live/${hints[0]?.replace(/-\d+\.\d+\./, `-${last + 2}.0.`)}`;
    const path = { list: `${link}&_HLS_msn=${last + 2}&_HLS_part=0`, part }[what];
    const bytes = bytesOf(viewers, path);
    if (process.env.SHOW_BYTES !== undefined) process.stderr.write(`a blocked request for a ${what}: ${bytes} bytes\n`);
    taken[what].push(bytes);
    encoder.run(4);
    encoder.stage.live.clock.advance(0);
    expect(viewers.filter((each) => each.hear().startsWith("HTTP/1.1 200 ")).length).toBe(REQUESTS);
  }
  // The runtime may allocate for itself meanwhile, once.
  for (const bytes of Object.values(taken)) expect(Math.min(...bytes)).toBeLessThan(MAX_BYTES);
});

import { parse } from "hls-parser";
import type { MediaPlaylist } from "hls-parser/types";
import type { BenchReport } from "../../../src/loadgen/report.ts";
import { executable } from "../../../tests/support/e2e/executable.ts";
import type { Program } from "../../../tests/support/e2e/program.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { runBench } from "../../compare/load.ts";
import { growthOf, median } from "../../growth.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { HlsFollower } from "./hls-follower.ts";
import { PageWatch } from "./page-watch.ts";
import { type HttpServer, startServer } from "./servers.ts";

/** How long is measured at the beginning and at the end, s. */
const LOOK_SECONDS = 20;
const PLAYERS = 10;
/** Tolerance between two measurements on a busy machine, ms. Players' polls differ by more and are not compared. */
const SLACK_MS = 400;

/** Figures of one measurement, ms. */
interface Look {
  readonly "delay of HTTP-FLV": number;
  readonly "programme date behind the clock": number;
  readonly "delay of the FLV page": number;
  readonly "delay of the HLS page": number;
}

/** One encoder publishes all the time: delays, programme dates and memory are the same at the end as at the beginning. */
export async function noDrift({ minutes, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const server = await startServer(stage, "steady");
  const seconds = String(Math.ceil(minutes * 60 + 10 * LOOK_SECONDS));
  const publish = ["publish", server.server.url("live/show"), "--kbps", "300", "--seconds", seconds];
  stage.start("encoder", [executable(), "bench", ...publish]);
  await server.server.program.line(/publish started/);
  const watch = await PageWatch.open(stage, (way) => `${server.origin}/live/show?via=${way}`, ["flv", "hls"]);
  await watch.showDetails();
  const follower = new HlsFollower(server.origin, "show");
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(server.server.program.rss()), 1000);
  try {
    const first = await look(server, follower, watch);
    await Bun.sleep(Math.max(1, minutes * 60 - 2 * LOOK_SECONDS) * 1000);
    const last = await look(server, follower, watch);
    const findings = (Object.keys(first) as (keyof Look)[]).map((what): Finding => {
      const ok = Math.abs(last[what] - first[what]) <= SLACK_MS;
      return { what, ok, seen: `${first[what].toFixed(0)} ms, after ${minutes} min ${last[what].toFixed(0)} ms` };
    });
    const faults = [...follower.faults];
    const listed = `${follower.seconds.toFixed(0)} s listed in ${follower.listed.size} segments`;
    findings.push({ what: "playlists", ok: faults.length === 0, seen: [listed, ...faults].join("; ") });
    findings.push(await soundOf(stage, follower, server));
    const growth = growthOf(samples);
    const grown = `${growth?.earlyMib.toFixed(0)} MiB, at the end ${growth?.lateMib.toFixed(0)} MiB`;
    findings.push({ what: "memory of the server", ok: growth?.grown !== true, seen: grown });
    return [...findings, ...(await watch.findings("no-drift", folder, { flv: 1000, hls: 1000 }))];
  } finally {
    clearInterval(timer);
    await follower.stop();
  }
}

async function look({ server, origin }: HttpServer, follower: HlsFollower, watch: PageWatch): Promise<Look> {
  const play = (url: string) =>
    runBench(executable(), ["play", url, "-n", `${PLAYERS}`, "--seconds", `${LOOK_SECONDS}`]);
  const seen = follower.behind.length;
  const pages: Record<string, number>[] = [];
  const timer = setInterval(() => {
    void watch.delays().then((delays) => pages.push(delays));
  }, 1000);
  const flv: BenchReport = await play(`${origin}/live/show.flv`);
  const hls: BenchReport = await play(`${origin}/live/show.m3u8`);
  clearInterval(timer);
  const problems = [...flv.problems, ...hls.problems];
  if (problems.length > 0) throw new Error(`players of ${server.url("live/show")} found: ${problems.join("; ")}`);
  const shown = (way: string) => median(pages.map((delays) => (delays[way] ?? Number.NaN) * 1000));
  return {
    "delay of HTTP-FLV": flv.players?.delay_ms?.p50 ?? Number.NaN,
    "programme date behind the clock": median(follower.behind.slice(seen)),
    "delay of the FLV page": shown("flv"),
    "delay of the HLS page": shown("hls"),
  };
}

/** Whether the sound and the picture of the newest segments still end at the same time. */
async function soundOf(stage: Stage, follower: HlsFollower, { origin }: HttpServer): Promise<Finding> {
  const { segments } = parse(follower.last) as MediaPlaylist;
  const uri = segments.at(-1)?.uri ?? "";
  const url = new URL(uri, `${origin}/live/show.m3u8`).href;
  const probe: Program = stage.start("ffprobe", [
    ...["ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time", "-of", "csv=p=0", url],
  ]);
  await probe.ended();
  const times = (kind: string) =>
    probe.lines.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(",")[1]));
  const apart = Math.abs(Math.max(...times("video")) - Math.max(...times("audio"))) * 1000;
  return { what: "end of sound and picture in a segment", ok: apart < 100, seen: `${apart.toFixed(0)} ms apart` };
}

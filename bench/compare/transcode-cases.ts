import type { Subprocess } from "bun";
import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, mib, ms } from "./cells.ts";
import { runBench } from "./load.ts";
import { type Server, startSrs } from "./servers.ts";
import { cpuOf, descendantsOf, rssOf } from "./usage.ts";

const KBPS = 600;
/** Wait until the runtime has compiled the hot paths, and all FFmpegs run. */
const WARM_UP_MS = 30_000;
/** Number of engines that transcode sound, and of FFmpegs that replace them. */
const COUNT = 20;
/** Players that measure the delay connect at the end, for this long, so that their own cost is not measured. */
const DELAY_SECONDS = 5;
const SOUND = ["-c:a", "aac", "-b:a", "64k"];

/** Starts an FFmpeg that makes one stream into another, by URLs. */
type Work = (from: string, to: string) => Subprocess;

/** The setting of one measurement. */
interface Setting {
  readonly name: string;
  /** How many streams are published. */
  readonly streams: number;
  /** The engine's keys; undefined: no engine. */
  readonly engine?: string;
  /** The FFmpeg that transcodes instead of an engine. */
  readonly work?: Work;
}

/** CPU in percent of a core. */
interface Cost {
  readonly name: string;
  readonly server: number;
  readonly ffmpegs: number;
  readonly rssMib: number;
  /** Time from the publisher's send of a picture to a player's read; undefined without players. */
  readonly delayMs: number | undefined;
}

/** CPU usage of a server while streams are transcoded, and of the FFmpegs, whether an engine or this program started them. */
async function costOf({ executable, folder, seconds }: Stage, setting: Setting): Promise<Cost> {
  const { name, streams, engine, work } = setting;
  const keys = 'streams = "in/*"\noutput = "[vhost]/out/[stream]"';
  const server = await startSrs(
    executable,
    folder,
    engine ? `[vhost.__defaultVhost__.transcode.x]\n${keys}\n${engine}` : "",
  );
  const url = (app: string, stream: string | number = "s{}") => `rtmp://127.0.0.1:${server.port}/${app}/${stream}`;
  const all = String(Math.ceil(WARM_UP_MS / 1000 + seconds + 3 * DELAY_SECONDS));
  const args = ["publish", url("in"), "-n", String(streams), "--kbps", String(KBPS), "--seconds", all];
  const publishing = owned(Bun.spawn([executable, "bench", ...args], { stdio: ["ignore", "ignore", "ignore"] }));
  const others: Subprocess[] = [];
  try {
    await Bun.sleep(1000);
    if (work !== undefined)
      for (let at = 1; at <= streams; at++) others.push(owned(work(url("in", `s${at}`), url("out", `s${at}`))));
    await Bun.sleep(WARM_UP_MS);
    const before = look(server, others);
    await Bun.sleep(seconds * 1000);
    const after = look(server, others);
    const expected = engine || work ? streams : 0;
    if (before.ffmpegs !== expected || after.ffmpegs !== expected)
      throw new Error(`${after.ffmpegs} of ${expected} FFmpegs run:\n${server.log()}`);
    const share = (key: "own" | "theirs") => (100_000 * (after[key] - before[key])) / (after.at - before.at);
    const delayMs = expected === 0 ? undefined : await delayOf(executable, url("out"), streams);
    return { name, server: share("own"), ffmpegs: share("theirs"), rssMib: after.rssMib, delayMs };
  } finally {
    for (const other of others) other.kill("SIGKILL");
    publishing.kill("SIGINT");
    await publishing.exited;
    await server.stop();
  }
}

async function delayOf(executable: string, url: string, players: number): Promise<number | undefined> {
  const report = await runBench(executable, ["play", url, "-n", String(players), "--seconds", String(DELAY_SECONDS)]);
  return report.players?.delay_ms?.p50;
}

function look({ pid }: Server, others: readonly Subprocess[]) {
  const ffmpegs = [
    ...descendantsOf(pid),
    ...others.filter(({ exitCode }) => exitCode === null).map((each) => each.pid),
  ];
  const sum = (of: (pid: number) => number) => ffmpegs.reduce((total, each) => total + of(each), 0);
  return {
    at: performance.now(),
    own: cpuOf(pid),
    theirs: sum(cpuOf),
    ffmpegs: ffmpegs.length,
    rssMib: rssOf(pid) + sum(rssOf),
  };
}

/** One stream: without an engine, and with engines. Servers run side by side, as they leave the machine all but idle. */
async function oneEngine(stage: Stage): Promise<Row[]> {
  const sound = 'acodec = "aac"\nabitrate = 64';
  const settings: readonly Setting[] = [
    { name: "srs without an engine", streams: 1 },
    { name: "srs, sound is encoded", streams: 1, engine: sound },
    {
      name: "srs, both are encoded",
      streams: 1,
      engine: `vcodec = "libx264"\nvpreset = "ultrafast"\nvbitrate = 300\n${sound}`,
    },
  ];
  const costs = await Promise.all(settings.map((setting) => costOf(stage, setting)));
  return costs.map(({ name, server, ffmpegs, rssMib, delayMs }) => {
    const more = server - (costs[0]?.server ?? 0);
    const cells = ffmpegs === 0 ? ["", ""] : [fine(more), cpu(ffmpegs)];
    return [name, fine(server), ...cells, delayMs === undefined ? "" : ms(delayMs), mib(rssMib)];
  });
}

function fine(percent: number): string {
  return `${percent.toFixed(2)} %`;
}

/** Engines of sound beside FFmpegs that pull and push by RTMP, with the same server. */
async function manyEngines(stage: Stage): Promise<Row[]> {
  const work: Work = (from, to) =>
    Bun.spawn(["ffmpeg", "-v", "error", "-i", from, "-c:v", "copy", ...SOUND, "-f", "flv", to], {
      stdio: ["ignore", "ignore", "ignore"],
    });
  const settings: readonly Setting[] = [
    { name: `${COUNT} engines of srs`, streams: COUNT, engine: 'acodec = "aac"\nabitrate = 64' },
    { name: `${COUNT} FFmpegs that pull and push, and srs`, streams: COUNT, work },
    { name: "the streams alone", streams: COUNT },
  ];
  const rows: Row[] = [];
  for (const setting of settings) {
    const { name, server, ffmpegs, rssMib, delayMs } = await costOf(stage, setting);
    rows.push([
      name,
      cpu(server),
      cpu(ffmpegs),
      cpu(server + ffmpegs),
      delayMs === undefined ? "" : ms(delayMs),
      mib(rssMib),
    ]);
  }
  return rows;
}

/** Comparisons of transcoding, in the order in which they run. */
export const transcodeCases: readonly Case[] =
  Bun.which("ffmpeg") === null
    ? []
    : [
        {
          title: "Transcoding: the server's share of one engine",
          text: `One stream of ${KBPS} kbps, after a warm-up of 30 s, without players. The delay is that of pictures that pass beside FFmpeg, and is measured\nafterwards.`,
          head: ["", "CPU of the server", "more than without", "CPU of FFmpeg", "delay p50", "RSS of all"],
          run: oneEngine,
        },
        {
          title: `Transcoding: ${COUNT} engines of sound beside ${COUNT} FFmpegs`,
          text: `\`vcodec = "copy"\`, AAC to AAC at 64 kbps, streams of ${KBPS} kbps. The FFmpegs of the second row pull from the server and push to it, by RTMP.`,
          head: ["", "CPU of the server", "CPU of FFmpegs", "together", "delay p50", "RSS of all"],
          run: manyEngines,
        },
      ];

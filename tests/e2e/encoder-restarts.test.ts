import { clip } from "../support/e2e/clips.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/encoder-restarts.test.ts", "FFmpeg");

const SECONDS = 120;
/** One GOP: whoever joins, however late, begins with the first picture. */
const file = { seconds: SECONDS, audio: false, gop: SECONDS * 25 };
/** Longer than two origins' dates of one picture may differ. */
const SESSION_MS = 4000;

/** Servers keep the whole GOP, and wait for the encoder however long it is away. */
const patient = { vhost: "gop_cache_max_frames = 5000\npublish.grace = 600" };

/** How often a player got the file's first picture. */
function starts(player: Recorder): number {
  const [first, ...more] = player.frames(9).map(({ payload }) => Buffer.from(payload));
  return first === undefined ? 0 : 1 + more.filter((payload) => payload.equals(first)).length;
}

test.concurrent.each([
  ["killed and begins again", "SIGKILL", 0],
  ["stopped and begins again", "SIGINT", 0],
  ["killed and begins again at another origin", "SIGKILL", 1],
  ["stopped and begins again at another origin", "SIGINT", 1],
] as const)("a file is played from its start again when its encoder is %s", async (_, signal, where) => {
  await using stage = new Stage();
  const origins = [await startSrs(stage, "first", patient), await startSrs(stage, "second", patient)] as const;
  const names = origins.map(({ port }) => `127.0.0.1:${port}`);
  const edge = await startSrs(stage, "edge", { vhost: `${patient.vhost}\nedge.origin = ${JSON.stringify(names)}` });
  const encoder = publishClip(stage, clip(file), origins[0].url("live/show"));
  const players = [await Recorder.play(stage, edge.port, "show")];
  if (where === 0) players.push(await Recorder.play(stage, origins[0].port, "show"));
  await until("a session that is long enough", () =>
    players.every((player) => (player.frames(9).at(-1)?.timestamp ?? 0) > SESSION_MS),
  );
  encoder.signal(signal);
  await encoder.ended();
  publishClip(stage, clip(file), origins[where].url("live/show"), { name: "again" });
  await until("the first picture comes again", () => players.every((player) => starts(player) >= 2));
});

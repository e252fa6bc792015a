import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { startEdge } from "../support/e2e/edges.ts";
import { decodeErrors, publishClip } from "../support/e2e/ffmpeg.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { Wire } from "../support/e2e/wire.ts";
import { SLACK_MS, WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/edge-faults.test.ts", "FFmpeg");

/** Of the clips: a key frame each second. */
const GOP_MS = 1000;
const FRAME_MS = 40;
/** Longer than an origin that lives is silent on a busy machine. */
const READ_TIMEOUT_MS = 4000;
/** Likewise, and before it is left. */
const SWITCH_AFTER_MS = 2000;
/** The first step of the backoff, at most. */
const FIRST_STEP_MS = 625;
const timeout = `read_timeout = ${READ_TIMEOUT_MS}`;

/** Waits until a player has had so much more. */
async function more(recorder: Recorder, ms: number): Promise<void> {
  const last = () => recorder.frames(9).at(-1)?.timestamp ?? 0;
  const from = last();
  await until("more pictures", () => last() > from + ms);
}

/** Publishes a clip to all servers at once, from one encoder: they have the same packets. */
function publishToAll(stage: Stage, servers: readonly Srs[]): void {
  const flv = "f=flv:onfail=ignore:flvflags=no_duration_filesize";
  const outputs = servers.map((server) => `[${flv}]${server.url("live/show")}`).join("|");
  stage.start("encoder", [
    ...["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "warning", "-re", "-i", clip({ seconds: 120 })],
    ...["-c", "copy", "-map", "0", "-f", "tee", outputs],
  ]);
}

/** Three origins with the same stream, each behind a wire that can be cut. */
async function threeOrigins(stage: Stage) {
  const ways = await Promise.all(
    ["A", "B", "C"].map(async (name) => {
      const origin = await startSrs(stage, `origin ${name}`);
      return { origin, wire: new Wire(stage, origin.port) };
    }),
  );
  publishToAll(
    stage,
    ways.map(({ origin }) => origin),
  );
  for (const { origin } of ways) await origin.program.line(/publish started/);
  return ways as [(typeof ways)[number], (typeof ways)[number], (typeof ways)[number]];
}

function expectUndisturbed(stage: Stage, recorder: Recorder): void {
  expect(recorder.client.closed).toBe(false);
  expect(recorder.client.statuses.filter((status) => status.includes("UnpublishNotify"))).toEqual([]);
  expect(decodeErrors(recorder.save(stage.path("recorded.flv")))).toBe("");
}

/** Waits until an edge fetches from there. */
async function fetchesFrom(edge: Srs, { port }: { readonly port: number }, count = 1): Promise<void> {
  const line = new RegExp(`pull running from=127\\.0\\.0\\.1:${port} `);
  const fetches = () => edge.program.count(line) >= count;
  await until(`it fetches from ${port}`, fetches, WAIT_LIMIT_MS, () => edge.program.tail());
}

test.concurrent("when origins are killed, stopped or cut off, two edges continue from the next one, and players skip at most a GOP or the silence", async () => {
  await using stage = new Stage();
  const [a, b, c] = await threeOrigins(stage);
  const wires = [a.wire, b.wire, c.wire];
  const edges = await Promise.all(["edge 1", "edge 2"].map((name) => startEdge(stage, name, wires, [timeout])));
  const players = await Promise.all(edges.map(({ port }) => Recorder.play(stage, port, "show")));
  const begun = performance.now();
  const eachGoesOn = async (from: Wire, stalledMs: number, since: number) => {
    for (const edge of edges) await fetchesFrom(edge, from);
    const longest = stalledMs + FIRST_STEP_MS + SLACK_MS;
    for (const player of players) {
      await more(player, 500);
      const { pause, back, pictureStep, soundStep } = player.seen(since);
      expect(pause).toBeLessThanOrEqual(longest);
      expect(back).toBe(0);
      // An origin's newest picture group is all that it can give of what the other one had not sent.
      expect(Math.max(pictureStep, soundStep)).toBeLessThanOrEqual(Math.max(GOP_MS + FRAME_MS, longest));
    }
  };
  await eachGoesOn(a.wire, 0, begun);

  let since = performance.now();
  await a.origin.program.kill();
  await eachGoesOn(b.wire, 0, since);

  since = performance.now();
  b.origin.program.signal("SIGSTOP");
  await eachGoesOn(c.wire, READ_TIMEOUT_MS, since);
  b.origin.program.signal("SIGCONT");
  for (const player of players) await more(player, 1500);

  since = performance.now();
  c.wire.cut();
  for (const edge of edges) await fetchesFrom(edge, b.wire, 2);
  await eachGoesOn(b.wire, READ_TIMEOUT_MS, since);

  // An edge dies: the other one's player has nothing to do with it.
  since = performance.now();
  await edges[1]?.program.kill();
  await until("its player is cut off", () => players[1]?.client.closed === true);
  const [player] = players;
  if (player === undefined) throw new Error("no player");
  await more(player, 1000);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SLACK_MS);
  expect(player.seen(begun).back).toBe(0);
  expectUndisturbed(stage, player);
});

test.concurrent("when an encoder dies, the player continues with another origin's encoder at the next key frame", async () => {
  await using stage = new Stage();
  const [a, b] = [await startSrs(stage, "A"), await startSrs(stage, "B")];
  const edge = await startEdge(stage, "edge", [a, b], [timeout]);
  const [one, two] = [clip({ seconds: 20 }), clip({ seconds: 20, size: "384x216" })];
  const first = publishClip(stage, one, a.url("live/show"), { input: ["-stream_loop", "-1"], name: "encoder of A" });
  publishClip(stage, two, b.url("live/show"), { input: ["-stream_loop", "-1"], name: "encoder of B" });
  for (const { program } of [a, b]) await program.line(/publish started/);
  const player = await Recorder.play(stage, edge.port, "show");
  await more(player, 1000);
  const since = performance.now();
  await first.kill();
  await fetchesFrom(edge, b);
  await more(player, 1500);
  const seen = player.seen(since);
  const times = ([8, 9] as const).map((type) => player.frames(type).map(({ timestamp }) => timestamp));
  for (const track of times) expect(track).toEqual(track.toSorted((one, other) => one - other));
  expect(seen.picturePause).toBeLessThanOrEqual(READ_TIMEOUT_MS + FIRST_STEP_MS + GOP_MS + SLACK_MS);
  expect(seen.pictureStep).toBeLessThanOrEqual(READ_TIMEOUT_MS + FIRST_STEP_MS + GOP_MS + SLACK_MS);
  expectUndisturbed(stage, player);
});

test.concurrent("with two upstreams, the loss of an origin costs a player no frame and no time except the silence", async () => {
  await using stage = new Stage();
  const [a, b, c] = await threeOrigins(stage);
  const keys = [timeout, "redundancy = 2"];
  const publish = `[vhost.__defaultVhost__.publish]\nswitch_after = ${SWITCH_AFTER_MS}`;
  const edge = await startEdge(stage, "edge", [a.wire, b.wire, c.wire], keys, { more: publish });
  const player = await Recorder.play(stage, edge.port, "show");
  const begun = performance.now();
  await fetchesFrom(edge, a.wire);
  await fetchesFrom(edge, b.wire);
  // Whichever answered first is watched, the other one stands by.
  const watched = /pull running from=127\.0\.0\.1:(\d+)/.exec(edge.program.lines.join("\n"))?.[1];
  const [first, second] = watched === `${a.wire.port}` ? [a, b] : [b, a];
  const switches = (count: number) =>
    until(
      `switch ${count}`,
      () => edge.program.count(/source switched .*in_step=true/) >= count,
      WAIT_LIMIT_MS,
      () => edge.program.lines.join("\n"),
    );
  await more(player, 2000);

  let since = performance.now();
  await first.origin.program.kill();
  await switches(1);
  await fetchesFrom(edge, c.wire);
  await more(player, 2000);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SLACK_MS);

  since = performance.now();
  second.origin.program.signal("SIGSTOP");
  await switches(2);
  await more(player, 500);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SWITCH_AFTER_MS + SLACK_MS);
  await edge.program.line(new RegExp(`pull lost from=127\\.0\\.0\\.1:${second.wire.port} `));
  second.origin.program.signal("SIGCONT");
  await fetchesFrom(edge, second.wire, 2);
  await more(player, 2000);

  since = performance.now();
  c.wire.cut();
  await switches(3);
  await more(player, 1000);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SWITCH_AFTER_MS + SLACK_MS);
  const { back, pictureStep, soundStep } = player.seen(begun);
  expect({ back, pictureStep }).toEqual({ back: 0, pictureStep: FRAME_MS });
  expect(soundStep).toBeLessThanOrEqual(24);
  expectUndisturbed(stage, player);
});

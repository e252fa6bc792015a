import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clip } from "../support/e2e/clips.ts";
import { decodeErrors, publishClip } from "../support/e2e/ffmpeg.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { forwardTo, type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { Wire } from "../support/e2e/wire.ts";
import { SLACK_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/hot-backup.test.ts", "FFmpeg");

/** Of the clips: a key frame each second. */
const GOP_MS = 1000;
const FRAME_MS = 40;
/** Longer than an encoder that lives is silent on a busy machine. */
const SWITCH_AFTER_MS = 4000;

/** The publish table of the configuration that operators are given, and a vhost that forwards elsewhere. */
const shipped = readFileSync(join(import.meta.dir, "../../conf/hot-backup.toml"), "utf8");
const publishTable = shipped.slice(shipped.indexOf("[vhost.__defaultVhost__.publish]"));
const standby = { more: publishTable.replace(/switch_after = \d+/, `switch_after = ${SWITCH_AFTER_MS}`) };

const loop = { input: ["-stream_loop", "-1"] };

async function switched(server: Srs, count: number): Promise<string> {
  await until(`switch ${count}`, () => server.program.count(/source switched/) >= count);
  return server.program.lines.filter((line) => line.includes("source switched"))[count - 1] ?? "";
}

/** Waits until a player has had so much more. */
async function more(recorder: Recorder, ms: number): Promise<void> {
  const last = () => recorder.frames(9).at(-1)?.timestamp ?? 0;
  const from = last();
  await until("more pictures", () => last() > from + ms);
}

/** What a source out of step that takes over must keep to. */
function expectWithinBounds(recorder: Recorder, since: number, stalledMs: number): void {
  const seen = recorder.seen(since);
  expect(seen.back).toBe(0);
  expect(seen.pause).toBeLessThanOrEqual(stalledMs + GOP_MS + SLACK_MS);
  expect(seen.picturePause).toBeLessThanOrEqual(stalledMs + GOP_MS + SLACK_MS);
  expect(seen.pictureStep).toBeLessThanOrEqual(GOP_MS + FRAME_MS + SLACK_MS);
  expect(seen.soundStep).toBeLessThanOrEqual(GOP_MS + SLACK_MS);
}

function expectUndisturbed(stage: Stage, recorder: Recorder): void {
  expect(recorder.client.closed).toBe(false);
  expect(recorder.client.statuses.filter((status) => status.includes("Notify"))).toEqual([]);
  expect(decodeErrors(recorder.save(stage.path("recorded.flv")))).toBe("");
}

test.concurrent("when one of two encoders is killed, stopped or cut off, the player continues with the other within switch_after and a GOP", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", standby);
  const clips = [clip({ seconds: 20 }), clip({ seconds: 20, size: "384x216" })] as const;
  const wire = new Wire(stage, server.port);
  const publish = (which: 0 | 1, url = server.url("live/show")) =>
    publishClip(stage, clips[which], url, { ...loop, name: `encoder ${which}` });
  let first = publish(0);
  await server.program.line(/publish started/);
  const second = publish(1);
  await server.program.line(/publish started .*standby=true/);
  const player = await Recorder.play(stage, server.port, "show");
  await more(player, 1000);

  let since = performance.now();
  await first.kill();
  expect(await switched(server, 1)).toMatch(/WARN .*why=lost .*in_step=false/);
  await more(player, 1000);
  expectWithinBounds(player, since, 0);

  first = publish(0, `rtmp://127.0.0.1:${wire.port}/live/show`);
  await until("it stands by", () => server.program.count(/standby=true/) === 2);
  await more(player, 1500);
  since = performance.now();
  second.signal("SIGSTOP");
  expect(await switched(server, 2)).toMatch(/WARN .*why=stalled/);
  await more(player, 1000);
  expectWithinBounds(player, since, SWITCH_AFTER_MS);

  second.signal("SIGCONT");
  await more(player, 1500);
  since = performance.now();
  wire.cut();
  expect(await switched(server, 3)).toMatch(/WARN .*why=stalled/);
  await more(player, 1000);
  expectWithinBounds(player, since, SWITCH_AFTER_MS);
  expectUndisturbed(stage, player);
});

test.concurrent("when one of three origins of a stream is stopped, killed or cut off, the edge's player gets every frame once", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge", standby);
  const ways = await Promise.all(
    ["A", "B", "C"].map(async (name) => {
      const wire = new Wire(stage, edge.port);
      return { wire, origin: await startSrs(stage, `origin ${name}`, { vhost: forwardTo(`127.0.0.1:${wire.port}`) }) };
    }),
  );
  const flv = "f=flv:onfail=ignore:flvflags=no_duration_filesize";
  const outputs = ways.map(({ origin }) => `[${flv}]${origin.url("live/show")}`).join("|");
  stage.start("encoder", [
    ...["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "warning", "-re", "-i", clip({ seconds: 120 })],
    ...["-c", "copy", "-map", "0", "-f", "tee", outputs],
  ]);
  await until("all origins feed the edge", () => edge.program.count(/publish started/) === 3);
  const player = await Recorder.play(stage, edge.port, "show");
  const begun = performance.now();
  await more(player, 2500);
  const wayOf = (pattern: RegExp) => {
    const line = edge.program.lines.findLast((candidate) => pattern.test(candidate)) ?? "";
    const id = /\[(c\d+)\]$/.exec(/ to="([^"]*)"/.exec(line)?.[1] ?? "")?.[1];
    const started = id === undefined ? line : edge.program.lines.find((one) => one.includes(`[${id}] publish started`));
    const way = ways.find(({ wire }) => wire.carries(started ?? ""));
    if (way === undefined) throw new Error(`nobody publishes by "${line}"`);
    return way;
  };

  let since = performance.now();
  const first = wayOf(/publish started (?!.*standby)/);
  first.origin.program.signal("SIGSTOP");
  expect(await switched(edge, 1)).toMatch(/why=stalled .*in_step=true/);
  await more(player, 500);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SWITCH_AFTER_MS + SLACK_MS);
  first.origin.program.signal("SIGCONT");

  await more(player, 2500);
  since = performance.now();
  await wayOf(/source switched/).origin.program.kill();
  expect(await switched(edge, 2)).toMatch(/why=lost .*in_step=true/);
  await more(player, 1500);
  expect(player.seen(since).pause).toBeLessThanOrEqual(SLACK_MS);

  since = performance.now();
  wayOf(/source switched/).wire.cut();
  expect(await switched(edge, 3)).toMatch(/why=stalled .*in_step=true/);
  await more(player, 1000);
  const seen = player.seen(since);
  expect(seen.pause).toBeLessThanOrEqual(SWITCH_AFTER_MS + SLACK_MS);

  const { back, pictureStep, soundStep } = player.seen(begun);
  expect({ back, pictureStep }).toEqual({ back: 0, pictureStep: FRAME_MS });
  expect(soundStep).toBeLessThanOrEqual(24);
  expect(player.packets.filter(({ type, payload }) => type === 9 && payload[1] === 0)).toHaveLength(1);
  expectUndisturbed(stage, player);
});

test.concurrent("viewers do not wait for the time difference when the second of two encoders plays the same file twelve seconds later", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", standby);
  const source = clip({ seconds: 120 });
  const first = publishClip(stage, source, server.url("live/show"), { name: "encoder" });
  await server.program.line(/publish started/);
  const player = await Recorder.play(stage, server.port, "show");
  await more(player, 12_000);
  const second = publishClip(stage, source, server.url("live/show"), { name: "late encoder" });
  await server.program.line(/publish started .*standby=true/);
  await more(player, 3000);
  let since = performance.now();
  await first.kill();
  expect(await switched(server, 1)).toMatch(/why=lost .*in_step=false/);
  await more(player, 1500);
  expectWithinBounds(player, since, 0);
  // Sound needs no key frame to go on at.
  expect(player.seen(since).pause).toBeLessThanOrEqual(SLACK_MS);

  publishClip(stage, source, server.url("live/show"), { name: "later encoder" });
  await until("it stands by", () => server.program.count(/standby=true/) === 2);
  await more(player, 2500);
  since = performance.now();
  second.signal("SIGSTOP");
  expect(await switched(server, 2)).toMatch(/why=stalled .*in_step=false/);
  await more(player, 1500);
  expectWithinBounds(player, since, SWITCH_AFTER_MS);
  expectUndisturbed(stage, player);
});

test.concurrent("when an origin that feeds another is killed and an encoder stands by at the other, players of that one and of its edge stay", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const b = await startSrs(stage, "B", { ...standby, vhost: forwardTo(edge) });
  const startA = () => startSrs(stage, "A", { vhost: forwardTo(b) });
  const clips = [clip({ seconds: 20 }), clip({ seconds: 20, size: "384x216" })] as const;
  let a = await startA();
  publishClip(stage, clips[0], a.url("live/show"), { ...loop, name: "encoder of A" });
  await b.program.line(/publish started/);
  const own = publishClip(stage, clips[1], b.url("live/show"), { ...loop, name: "encoder of B" });
  await b.program.line(/publish started .*standby=true/);
  const players = await Promise.all([b, edge].map(({ port }) => Recorder.play(stage, port, "show")));
  for (const player of players) await more(player, 1000);

  let since = performance.now();
  await a.program.kill();
  expect(await switched(b, 1)).toMatch(/why=lost/);
  for (const player of players) await more(player, 1000);
  for (const player of players) expectWithinBounds(player, since, 0);

  a = await startA();
  publishClip(stage, clips[0], a.url("live/show"), { ...loop, name: "encoder of A again" });
  await until("A stands by", () => b.program.count(/publish started .*standby=true/) === 2);
  for (const player of players) await more(player, 1500);
  since = performance.now();
  own.signal("SIGSTOP");
  expect(await switched(b, 2)).toMatch(/why=stalled/);
  for (const player of players) await more(player, 1000);
  for (const player of players) expectWithinBounds(player, since, SWITCH_AFTER_MS);
  for (const player of players) expectUndisturbed(stage, player);
  expect(edge.program.count(/publish (started|ended)/)).toBe(1);
  expect(b.program.count(/forward (lost|failed)/)).toBe(0);
});

test.concurrent.each(["reject", "replace"])(
  "an encoder whose cable was pulled replaces its own half-open connection (%s)",
  async (onConflict) => {
    await using stage = new Stage();
    const server = await startSrs(stage, "server", {
      more: `[vhost.__defaultVhost__.publish]\non_conflict = "${onConflict}"\nnormal_timeout = 60_000`,
    });
    const wire = new Wire(stage, server.port);
    const source = clip({ seconds: 20 });
    publishClip(stage, source, `rtmp://127.0.0.1:${wire.port}/live/show`, { ...loop, name: "encoder" });
    await server.program.line(/publish started/);
    const player = await Recorder.play(stage, server.port, "show");
    await more(player, 500);
    wire.cut();
    await Bun.sleep(500); // What an encoder needs to see that its network is another.
    publishClip(stage, source, server.url("live/show"), { name: "encoder again" });
    await server.program.line(/WARN .*publisher replaced .*by=/);
    await more(player, 1000);
    expect(player.seen(0).back).toBe(0);
    expectUndisturbed(stage, player);
    expect(server.program.count(/publish refused/)).toBe(0);
  },
);

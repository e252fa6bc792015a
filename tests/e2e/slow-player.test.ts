import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/slow-player.test.ts", "FFmpeg");

const whole = { fromKey: true, runs: 1, foreign: 0 };

test.concurrent("a player that was stopped for 20 s continues at a key frame, the others miss nothing, and memory stays bounded", async () => {
  await using stage = new Stage();
  // 16 Mbit/s: far more in 20 s than kernel buffers hold (4 + 6 MB).
  const source = clip({ seconds: 36, size: "640x360", bitrate: 16_000 });
  const server = await startSrs(stage, "server", { vhost: "queue_length = 4" });
  const encoder = publishClip(stage, source, server.url("live/livestream"));
  await server.program.line(/publish started/);
  const url = server.url("live/livestream");
  const players = ["stopped", "other"].map((name) => playFrames(stage, url, name));
  // A second one that goes on by itself: 20 players more that never read.
  const deaf = await Promise.all(
    Array.from({ length: 10 }, () => Client.play(stage, { port: server.port }, "livestream")),
  );
  for (const client of deaf) client.read(false);
  const [stopped, other] = players;
  if (stopped === undefined || other === undefined) throw new Error("no players");
  await Promise.all(players.map((player) => playedTo(player, 2000)));

  const early = server.program.rss();
  stopped.signal("SIGSTOP");
  const from = lastVideo(other.lines);
  await until("20 s of the stream pass", () => lastVideo(other.lines) >= from + 20_000);
  const late = server.program.rss();
  stopped.signal("SIGCONT");

  await until("both are near the end", () => players.every(({ lines }) => lastVideo(lines) >= from + 22_000));
  // Ended here and not by the encoder: FFmpeg's goodbye is lost when it closes with something unread.
  await Promise.all([encoder, ...players].map((program) => program.kill()));
  const sent = fileFrames(source);
  expect(compare(sent, framesOf(other.lines), "video")).toMatchObject(whole);
  expect(compare(sent, framesOf(other.lines), "audio")).toMatchObject({ ...whole, fromKey: false });

  const report = compare(sent, framesOf(stopped.lines), "video");
  expect(report).toMatchObject({ fromKey: true, runs: 2, runsFromKey: true, foreign: 0 });
  expect(compare(sent, framesOf(stopped.lines), "audio")).toMatchObject({ runs: 2, foreign: 0 });
  await server.program.line(/play ended .*lost=[1-9]/);
  // All slow ones together: one log of 4 s (8 MB), and the step that each has under way.
  expect(late - early).toBeLessThan(40);
  expect(late).toBeLessThan(250);
});

function lastVideo(lines: readonly string[]): number {
  return framesOf(lines.slice(-20)).findLast(({ track }) => track === "video")?.dts ?? 0;
}

import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { executable } from "../support/e2e/executable.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startNginx } from "../support/e2e/nginx.ts";
import { COMPLAINT } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/nginx.test.ts", "FFmpeg", "nginx with its RTMP module");

test.concurrent("nginx-rtmp as a target gets the whole stream, is notified of its end, and accepts it again", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 6 });
  const { port } = await startNginx(stage, "");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(`127.0.0.1:${port}`) });
  for (const round of [1, 2]) {
    // It waits there for the stream.
    const player = playFrames(stage, `rtmp://127.0.0.1:${port}/live/livestream`);
    const encoder = publishClip(stage, source, `${origin.url("live/livestream")}?token=secret`);
    await until("the relay runs", () => origin.program.count(/forward running/) === round);
    await playedTo(player, 5000);
    expect(await encoder.ended()).toBe(0);
    await until("the relay ends", () => origin.program.count(/forward ended/) === round);
    const report = compare(fileFrames(source), framesOf(player.lines), "video");
    expect(report).toMatchObject({ fromKey: true, runs: 1, foreign: 0 });
    await player.kill();
  }
  expect(origin.program.count(COMPLAINT)).toBe(0);
});

test.concurrent("FFmpeg reads from this server, to which nginx-rtmp pushes, what it published to nginx", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 6 });
  const server = await startSrs(stage, "server");
  const { port } = await startNginx(stage, `push rtmp://127.0.0.1:${server.port}/live/;`);
  const early = playFrames(stage, server.url("live/livestream"));
  await server.program.line(/play started .*waiting=true/);
  const encoder = publishClip(stage, source, `rtmp://127.0.0.1:${port}/live/livestream`);
  await server.program.line(/publish started .*stream=\/live\/livestream$/);
  expect(await encoder.ended()).toBe(0);
  await server.program.line(/publish ended/);
  await playedTo(early, 5983);
  const report = compare(fileFrames(source), framesOf(early.lines), "video");
  expect(report).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
});

test.concurrent("an nginx-rtmp that is stopped from the first moment on is given up, and gets the stream when it runs again", async () => {
  await using stage = new Stage();
  const nginx = await startNginx(stage, "");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(`127.0.0.1:${nginx.port}`) });
  const bench = ["bench", "publish", origin.url("live/show"), "--kbps", "400", "--seconds", "60"];
  stage.start("encoder", [executable(), ...bench]);
  await origin.program.line(/forward running/);
  nginx.program.signal("SIGSTOP");
  await origin.program.line(/forward lost .*(no sign of life|taken nothing)/);
  nginx.program.signal("SIGCONT");
  await until("the relay runs again", () => origin.program.count(/forward running/) === 2);
});

test.concurrent("check --probe reports two vhosts that forward to one nginx-rtmp, which has no vhosts", async () => {
  await using stage = new Stage();
  const { port } = await startNginx(stage, "");
  const forward = forwardTo(`127.0.0.1:${port}`);
  const conf = stage.write("two.toml", `listen = 0\n[vhost.a]\n${forward}\n[vhost.b]\n${forward}\n`);
  const check = stage.start("check", [executable(), "check", "--probe", "-c", conf]);
  expect(await check.ended()).toBe(2);
  expect(check.count(/vhost\.b\.forward .*: it has no vhosts, and vhost a forwards there, too;/)).toBe(1);
});

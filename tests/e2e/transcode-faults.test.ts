import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import { processesWith, standIn, standIns } from "../support/e2e/ffmpeg-stand-ins.ts";
import { avcFrame, avcHeader, frameNumber } from "../support/e2e/payloads.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/transcode-faults.test.ts", "FFmpeg");

/** A server with an engine for each stand-in, which takes the stream of its name. */
async function startWith(stage: Stage, scripts: Readonly<Record<string, string>>): Promise<Srs> {
  const engines = Object.entries(scripts).map(
    ([name, script]) => `[vhost.__defaultVhost__.transcode.${name}]
streams = "live/${name}"
vcodec = "libx264"
acodec = "none"
ffmpeg = "${standIn(stage, name, script)}"
output = "[vhost]/[app]/[stream]_t"
`,
  );
  return startSrs(stage, "server", { more: engines.join("\n"), env: { MARK: stage.directory } });
}

/** Publishes streams that send a picture each 20 ms, until the test ends. */
async function publishAll(stage: Stage, server: Srs, names: readonly string[]): Promise<{ sent: number }> {
  const publishers = await Promise.all(names.map((name) => Client.publish(stage, server, name)));
  const progress = { sent: 0 };
  for (const publisher of publishers) publisher.send(9, 0, avcHeader);
  const timer = setInterval(() => {
    const { sent } = progress;
    for (const publisher of publishers) publisher.send(9, sent * 20, avcFrame(sent % 25 === 0, sent, 2000));
    progress.sent++;
  }, 20);
  stage.defer(() => clearInterval(timer));
  return progress;
}

test.concurrent("an FFmpeg that misbehaves is ended and told of, and nobody else notices", async () => {
  await using stage = new Stage();
  const server = await startWith(stage, standIns);
  const calm = await Client.play(stage, server, "calm");
  const progress = await publishAll(stage, server, [...Object.keys(standIns), "calm"]);
  const reasons: Readonly<Record<keyof typeof standIns, RegExp>> = {
    deaf: /it hangs/,
    dumb: /it hangs/,
    stuck: /it hangs/,
    exits: /it ended with code 3/,
    floods: /it ended with code 4: it complains/,
    complains: /it hangs/,
    mutters: /it hangs/,
    garbage: /it writes garbage/,
    huge: /it writes garbage/,
    closed: /it hangs/,
    forks: /it ended with code 0/,
  };
  for (const [name, reason] of Object.entries(reasons))
    await server.program.line(new RegExp(`transcode .*engine=${name}\\b.*${reason.source}`));
  for (const name of Object.keys(standIns)) {
    expect(server.program.count(new RegExp(`engine=${name}\\b`))).toBeLessThan(30);
  }
  expect(server.program.rss()).toBeLessThan(600);
  const { sent } = progress;
  await until("the calm stream's player has all", () =>
    calm.packets.some(({ payload }) => frameNumber(payload) === sent),
  );
  const numbers = calm.packets.flatMap(({ payload }) => frameNumber(payload) ?? []);
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
  server.program.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
  await until("no process is left", () => processesWith(`MARK=${stage.directory}`).length === 0);
});

test.concurrent("no FFmpeg outlives a server that is killed, not even one that hangs", async () => {
  await using stage = new Stage();
  // A program that FFmpeg starts itself ends when its pipes do.
  const { forks: _, ...others } = standIns;
  const scripts = { ...others, wrapped: "cat; true" };
  const server = await startWith(stage, scripts);
  await publishAll(stage, server, Object.keys(scripts));
  const running = () => processesWith(`MARK=${stage.directory}`);
  await until("most run", () => running().length > Object.keys(scripts).length / 2);
  process.kill(server.program.pid, "SIGKILL");
  await until(
    "no process is left",
    () => running().length === 0,
    undefined,
    () => running().map(String).join(),
  );
});

test.concurrent.each([
  [
    "a missing FFmpeg",
    'ffmpeg = "/no/ffmpeg"\nacodec = "aac"',
    "can't run /no/ffmpeg: it does not exist; install FFmpeg",
  ],
  ["a missing encoder", 'vcodec = "h265"', 'has no encoder "h265"; its encoders of hevc are'],
  ["a missing filter", 'vcodec = "libx264"\nvfilter = "yadifff"', "No such filter: 'yadifff'; \"ffmpeg -filters\""],
  ["a bad option", 'vcodec = "libx264"\nvparams = "nosuch 3"', "Unrecognized option 'nosuch'"],
])("%s is told in one line by srs check and by the start, which fails", async (_, keys, told) => {
  await using stage = new Stage();
  const toml = `listen = "127.0.0.1:0"\n[vhost.__defaultVhost__.transcode.x]\noutput = "[vhost]/[app]/[stream]_t"\n${keys}\n`;
  const path = stage.write("srs.toml", toml);
  for (const command of [["check"], []]) {
    const program = stage.start("srs", [executable(), ...command, "--conf", path]);
    expect(await program.ended()).toBe(1);
    expect(program.lines.filter((line) => line.includes("vhost.__defaultVhost__.transcode.x: "))).toEqual([
      expect.stringContaining(told),
    ]);
  }
});

import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { flvTags } from "../../src/media/flv.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { processesWith, standIn, standIns } from "../support/e2e/ffmpeg-stand-ins.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, frameNumber } from "../support/e2e/payloads.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { encoded } from "../support/e2e/transcode.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/transcode-faults.test.ts", "FFmpeg");

const ENGINE = `[vhost.__defaultVhost__.transcode.main]
streams = "live/show"
vcodec = "libx264"
vpreset = "ultrafast"
vparams = "bf 0"
acodec = "aac"
output = "[vhost]/[app]/[stream]_t"
`;

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

test.concurrent("an FFmpeg that misbehaves is ended and logged, without an effect on other streams", async () => {
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

test.concurrent("an FFmpeg at half speed skips and is logged, and viewers of the source miss nothing", async () => {
  await using stage = new Stage();
  // Its pipe is full soon.
  const source = clip({ seconds: 8, bitrate: 3000 });
  const more = ENGINE.replace("streams", 'perfile = "readrate 0.5"\nstreams');
  const server = await startSrs(stage, "server", { more });
  publishClip(stage, source, server.url("live/show"), { input: ["-stream_loop", "-1"] });
  const player = playFrames(stage, server.url("live/show"));
  await server.program.line(/transcode is too slow, .*engine=main skipped_ms=/);
  const times = framesOf(player.lines).flatMap(({ track, dts }) => (track === "video" ? [dts] : []));
  expect(times.length).toBeGreaterThan(100);
  expect(times.filter((time, at) => at > 0 && time - (times[at - 1] ?? 0) > 80)).toEqual([]);
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
])("%s is reported in one line by srs check and by the start, which fails", async (_, keys, told) => {
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

interface Sent {
  readonly kind: 8 | 9;
  readonly time: number;
  readonly payload: Uint8Array;
}

/** The audio and video of a clip. */
function packetsOf(path: string): Sent[] {
  return [...flvTags(readFileSync(path))].flatMap(({ kind, timestamp, payload }) =>
    kind === 8 || kind === 9 ? [{ kind, time: timestamp, payload }] : [],
  );
}

/** Sends packets when it is time for them, the first at once. */
async function send(
  publisher: Client,
  packets: readonly Sent[],
  from = 0,
  dueAt = ({ time }: Sent) => time,
): Promise<void> {
  const began = performance.now();
  for (const packet of packets) {
    const early = began + dueAt(packet) - performance.now();
    if (early > 0) await Bun.sleep(early);
    publisher.send(packet.kind, from + packet.time, packet.payload);
  }
}

/** A server with an engine, and a player of its result. */
async function startPlayed(stage: Stage) {
  const server = await startSrs(stage, "server", { more: ENGINE });
  const player = await Client.play(stage, server, "show_t");
  /** Waits for encoded pictures and sound whose times are behind this. */
  const plays = (from: number) =>
    until(`what stands behind ${from} ms`, () =>
      [8, 9].every((kind) =>
        player.packets.some(({ type, timestamp, payload }) => type === kind && timestamp > from && payload[1] === 1),
      ),
    );
  return { server, player, plays };
}

/** Times of a track never step back. */
function expectOrder(player: Client): void {
  for (const kind of [8, 9]) {
    const times = player.packets.filter(({ type }) => type === kind).map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
}

test.concurrent("a stream is transcoded on after its size and then its codec change", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await startPlayed(stage);
  const publisher = await Client.publish(stage, server, "show");
  await send(publisher, packetsOf(clip({ seconds: 4 })));
  await plays(2500);
  const sending = send(publisher, packetsOf(clip({ seconds: 4, size: "640x360" })), 4000);
  await plays(5500);
  const size = ["-select_streams", "v", "-show_entries", "stream=width,height", "-of", "csv=p=0"];
  const probe = stage.start("probe", ["ffprobe", "-v", "error", ...size, server.url("live/show_t")]);
  await sending;
  await plays(6500);
  const mp3 = await encoded(stage.path("mp3.flv"), 4, ["-c:v", "libx264", "-g", "25", "-c:a", "libmp3lame"]);
  await send(publisher, packetsOf(mp3), 8000);
  await plays(10_000);
  await publisher.stopPublish("show", 1);
  expect(await probe.ended()).toBe(0);
  expect(probe.lines).toContain("640,360");
  expectOrder(player);
  expect(server.program.lines.filter((line) => /internal error|transcode failed/.test(line))).toEqual([]);
});

test.concurrent("audio that begins long after the video is transcoded with it", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await startPlayed(stage);
  const publisher = await Client.publish(stage, server, "show");
  const packets = packetsOf(clip({ seconds: 8 }));
  const [header] = packets.filter(({ kind }) => kind === 8);
  const late = packets.filter(({ kind, time }) => kind === 9 || time > 4000);
  const at = late.findIndex(({ kind }) => kind === 8);
  if (header !== undefined) late.splice(at, 0, { ...header, time: late[at]?.time ?? 0 });
  await send(publisher, late);
  await plays(5500);
  expect(player.packets.some(({ type, timestamp }) => type === 9 && timestamp < 4000)).toBe(true);
  expect(server.program.lines.filter((line) => /internal error|transcode failed/.test(line))).toEqual([]);
  expectOrder(player);
});

test.concurrent.each([
  ["ahead of", 60_000],
  ["behind", -60_000],
])("audio that is a minute %s the video does not stop the video", async (_, byMs) => {
  await using stage = new Stage();
  const { server, player } = await startPlayed(stage);
  const publisher = await Client.publish(stage, server, "show");
  const packets = packetsOf(clip({ seconds: 12 }));
  const moved = packets.map((packet) => (packet.kind === 8 ? { ...packet, time: packet.time + byMs } : packet));
  send(publisher, moved, 60_000, ({ kind, time }) => (kind === 8 ? time - byMs : time)).catch(() => undefined);
  await until("the picture goes on", () =>
    player.packets.some(({ type, timestamp }) => type === 9 && timestamp > 62_000),
  );
  // One that began with the sound is followed by one that begins with a key frame.
  expect(server.program.count(/transcode running/)).toBeLessThan(3);
  expect(server.program.lines.filter((line) => /internal error/.test(line))).toEqual([]);
  expectOrder(player);
});

test.concurrent("audio that stops does not stop the video", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await startPlayed(stage);
  const publisher = await Client.publish(stage, server, "show");
  await send(
    publisher,
    packetsOf(clip({ seconds: 8 })).filter(({ kind, time }) => kind === 9 || time < 3000),
  );
  await plays(2000);
  await until("the last pictures", () => player.packets.some(({ type, timestamp }) => type === 9 && timestamp > 7000));
  expectOrder(player);
});

test.concurrent("the result of an encoder that restarts every second continues", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await startPlayed(stage);
  const second = packetsOf(clip({ seconds: 8 })).filter(({ time }) => time < 1000);
  for (let at = 0; at < 6; at++) {
    const publisher = await Client.publish(stage, server, "show");
    await send(publisher, second);
    publisher.abort();
  }
  const before = Math.max(...player.packets.map(({ timestamp }) => timestamp), 0);
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"));
  await plays(before + 3000);
  expectOrder(player);
  expect(server.program.count(/transcode (?:lost|failed)/)).toBeLessThan(5);
});

test.concurrent("streams that FFmpeg can't decode are logged in a few lines, and others continue", async () => {
  await using stage = new Stage();
  const other = ENGINE.replace("live/show", "live/bad").replace("main", "bad");
  const server = await startSrs(stage, "server", { more: ENGINE + other });
  const bad = await Client.publish(stage, server, "bad");
  const player = playFrames(stage, server.url("live/show_t"));
  await server.program.line(/play started .*waiting=true/);
  bad.send(9, 0, avcHeader);
  bad.send(8, 0, aacHeader);
  let sent = 0;
  const timer = setInterval(() => {
    bad.send(9, sent * 40, avcFrame(sent % 25 === 0, sent, 2000));
    bad.send(8, sent * 40, aacFrame(sent));
    sent++;
  }, 40);
  stage.defer(() => clearInterval(timer));
  const encoder = publishClip(stage, clip({ seconds: 8 }), server.url("live/show"));
  await server.program.line(/ffmpeg says .*live\/bad/);
  await server.program.line(/transcode (?:failed|lost) .*live\/bad/);
  expect(await encoder.ended()).toBe(0);
  await until("all is played", () => (framesOf(player.lines).at(-1)?.pts ?? 0) > 6000);
  expect(server.program.count(/live\/bad/)).toBeLessThan(40);
});

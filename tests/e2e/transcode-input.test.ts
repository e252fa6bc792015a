import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { flvTags } from "../../src/media/flv.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/transcode-input.test.ts", "FFmpeg");

const ENGINE = `[vhost.__defaultVhost__.transcode.main]
streams = "live/show"
vcodec = "libx264"
vpreset = "ultrafast"
vparams = "bf 0"
acodec = "aac"
output = "[vhost]/[app]/[stream]_t"
`;

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
async function send(publisher: Client, packets: readonly Sent[], from = 0): Promise<void> {
  const began = performance.now();
  for (const { kind, time, payload } of packets) {
    const early = began + time - performance.now();
    if (early > 0) await Bun.sleep(early);
    publisher.send(kind, from + time, payload);
  }
}

/** A server with an engine, and a player of its result. */
async function start(stage: Stage) {
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

test.concurrent("a stream whose size, then whose codec changes is transcoded on", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await start(stage);
  const publisher = await Client.publish(stage, server, "show");
  await send(publisher, packetsOf(clip({ seconds: 6 })));
  await plays(4000);
  const sending = send(publisher, packetsOf(clip({ seconds: 6, size: "640x360" })), 6000);
  await plays(8000);
  const size = ["-select_streams", "v", "-show_entries", "stream=width,height", "-of", "csv=p=0"];
  const probe = stage.start("probe", ["ffprobe", "-v", "error", ...size, server.url("live/show_t")]);
  await sending;
  await plays(9000);
  const mp3 = stage.path("mp3.flv");
  Bun.spawnSync(["ffmpeg", "-v", "error", "-i", clip({ seconds: 6 }), "-c:v", "copy", "-c:a", "libmp3lame", mp3]);
  await send(publisher, packetsOf(mp3), 12_000);
  await plays(15_000);
  await publisher.stopPublish("show", 1);
  expect(await probe.ended()).toBe(0);
  expect(probe.lines).toContain("640,360");
  expectOrder(player);
  expect(server.program.lines.filter((line) => /internal error|transcode failed/.test(line))).toEqual([]);
});

test.concurrent("sound that comes long after the picture joins it", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await start(stage);
  const publisher = await Client.publish(stage, server, "show");
  const packets = packetsOf(clip({ seconds: 12 }));
  const [header] = packets.filter(({ kind }) => kind === 8);
  const late = packets.filter(({ kind, time }) => kind === 9 || time > 6000);
  const at = late.findIndex(({ kind }) => kind === 8);
  if (header !== undefined) late.splice(at, 0, { ...header, time: late[at]?.time ?? 0 });
  await send(publisher, late);
  await plays(8000);
  expect(player.packets.some(({ type, timestamp }) => type === 9 && timestamp < 6000)).toBe(true);
  expect(server.program.lines.filter((line) => /internal error|transcode failed/.test(line))).toEqual([]);
  expectOrder(player);
});

test.concurrent("sound that stops leaves the picture going", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await start(stage);
  const publisher = await Client.publish(stage, server, "show");
  await send(
    publisher,
    packetsOf(clip({ seconds: 12 })).filter(({ kind, time }) => kind === 9 || time < 4000),
  );
  await plays(2000);
  await until("the last pictures", () =>
    player.packets.some(({ type, timestamp }) => type === 9 && timestamp > 10_000),
  );
  expectOrder(player);
});

test.concurrent("an encoder that restarts every second ends in a result that goes on", async () => {
  await using stage = new Stage();
  const { server, player, plays } = await start(stage);
  const second = packetsOf(clip({ seconds: 12 })).filter(({ time }) => time < 1000);
  for (let at = 0; at < 20; at++) {
    const publisher = await Client.publish(stage, server, "show");
    await send(publisher, second);
    publisher.abort();
  }
  const before = Math.max(...player.packets.map(({ timestamp }) => timestamp), 0);
  publishClip(stage, clip({ seconds: 12 }), server.url("live/show"));
  await plays(before + 3000);
  expectOrder(player);
  expect(server.program.count(/transcode (?:lost|failed)/)).toBeLessThan(5);
});

test.concurrent("streams that FFmpeg can't decode are told of in a few lines, and others go on", async () => {
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
  const encoder = publishClip(stage, clip({ seconds: 12 }), server.url("live/show"));
  await server.program.line(/ffmpeg says .*live\/bad/);
  await server.program.line(/transcode (?:failed|lost) .*live\/bad/);
  expect(await encoder.ended()).toBe(0);
  await until("all is played", () => (framesOf(player.lines).at(-1)?.pts ?? 0) > 10_000);
  expect(server.program.count(/live\/bad/)).toBeLessThan(40);
});

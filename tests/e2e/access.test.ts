import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/access.test.ts";
const test = testWith(file, "FFmpeg");
const testWithRtmpdump = testWith(file, "FFmpeg", "rtmpdump");

const KEY = "the-key-of-the-test-3f9a";
const OLD_KEY = "the-key-before-it-77c1e0";
const security = (toml: string) => `[vhost.__defaultVhost__.security]\n${toml}\n`;
const source = () => clip({ seconds: 4 });

/** Runs `srs sign` with the stage's file of that name. */
function sign(stage: Stage, conf: string, ...args: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    executable(),
    "sign",
    ...args,
    "--conf",
    stage.path(`${conf}.toml`),
  ]);
  if (exitCode !== 0) throw new Error(`srs sign: ${stderr}`);
  return stdout.toString().trim();
}

test.concurrent("an encoder and a player whose address is not allowed get an error", async () => {
  await using stage = new Stage();
  const more = security('allow = ["play all", "publish 10.0.0.0/8"]\ndeny = "play 127.0.0.1"');
  const server = await startSrs(stage, "server", { more });
  const encoder = publishClip(stage, source(), server.url("live/show"));
  const player = playFrames(stage, server.url("live/show"));
  expect([await encoder.ended(), await player.ended()]).not.toContain(0);
  expect(encoder.lines.join("\n")).toInclude("publishing is not allowed from this address");
  expect(player.lines.join("\n")).toInclude("playing is not allowed from this address");
  await server.program.line(/WARN .*publish refused addr=127\.0\.0\.1:\d+ .*detail="no allow rule matches"/);
  await server.program.line(/WARN .*play refused .*detail="deny \\"play 127\.0\.0\.1\\""/);
});

test.concurrent("a changed rule applies to new clients, and connected clients stay", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, security('allow = "all"'));
  const [publisher, player] = [await server.publish(), await server.play()];
  await server.reload(security('deny = "all"'));
  await expect(server.play()).rejects.toThrow("playing is not allowed from this address");
  await expect(server.publish("other")).rejects.toThrow("publishing is not allowed from this address");
  publisher.send(8, 0, Uint8Array.of(0xaf, 1, 7));
  await player.packet("the packet after the reload", ({ payload }) => payload[2] === 7);
  expect([publisher.closed, player.closed]).toEqual([false, false]);
});

testWithRtmpdump.concurrent("rtmpdump plays from the pages of refer and from no other", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { more: security('refer_play = "example.com"') });
  publishClip(stage, source(), server.url("live/show"), { input: ["-stream_loop", "-1"] });
  await server.program.line(/publish started/);
  const dump = (name: string, ...page: readonly string[]) => {
    const [live, flv] = [["--live"], ["--flv", stage.path(`${name}.flv`)]];
    return stage.start(name, ["rtmpdump", "--rtmp", server.url("live/show"), ...live, ...page, ...flv]);
  };
  const [good, bad, none] = [
    dump("good", "--pageUrl", "https://www.example.com:8443/live.html"),
    dump("bad", "--pageUrl", "https://badexample.com/live.html"),
    dump("none"),
  ];
  await good.line(/INFO: +videocodecid +7/);
  for (const refused of [bad, none]) expect(await refused.ended()).not.toBe(0);
  await server.program.line(/play refused .*error="pages of \\"badexample\.com\\" may not play here"/);
  await server.program.line(/play refused .*error="to play, a client has to name the page that it is on"/);
});

test.concurrent("srs sign makes the URLs that FFmpeg publishes to and plays", async () => {
  await using stage = new Stage();
  const more = security(`publish_keys = "${KEY}"\nplay_keys = "${KEY}"`);
  const server = await startSrs(stage, "server", { more });
  const url = server.url("live/show");
  const encoder = publishClip(stage, source(), sign(stage, "server", url, "--publish", "--for", "1m"));
  await server.program.line(/publish started/);
  const player = playFrames(stage, sign(stage, "server", url, "--play", "--address", "127.0.0.1"));
  await encoder.whileStopped(() => server.program.line(/play started/));
  const [unsigned, forPublishing, expired, elsewhere] = [
    playFrames(stage, url, "unsigned"),
    playFrames(stage, sign(stage, "server", url, "--publish"), "for publishing"),
    playFrames(stage, sign(stage, "server", url, "--play", "--until", "2026-01-01T00:00:00Z"), "expired"),
    playFrames(stage, sign(stage, "server", url, "--play", "--address", "192.0.2.1"), "elsewhere"),
  ];
  for (const refused of [unsigned, forPublishing, expired, elsewhere]) expect(await refused.ended()).not.toBe(0);
  expect(unsigned.lines.join("\n")).toInclude("to play this stream, the URL must be signed");
  expect(forPublishing.lines.join("\n")).toInclude("the signature does not fit this URL");
  expect(expired.lines.join("\n")).toInclude("the URL has expired");
  expect(elsewhere.lines.join("\n")).toInclude("the URL is signed for another address");
  expect(await encoder.ended()).toBe(0);
  await player.ended();
  expect(framesOf(player.lines).length).toBeGreaterThan(20);
  // Nobody reads a signature in the log, and nobody a key in what srs check prints.
  expect(server.program.lines.filter((line) => /[0-9a-f]{64}/.test(line))).toEqual([]);
  const check = Bun.spawnSync([executable(), "check", "--conf", stage.path("server.toml")]);
  expect(check.exitCode).toBe(0);
  expect(check.stdout.toString()).toInclude('publish_keys = "***"');
  expect(check.stdout.toString()).not.toInclude(KEY);
});

test.concurrent("a key is rotated without a gap, and read from a file", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, security(`play_keys = "${OLD_KEY}"`));
  const url = server.url("live/show");
  const old = sign(stage, "server", url).replace(/.*\/show/, "show");
  const player = await server.play(old);
  await server.reload(security(`play_keys = [{ file = "${stage.write("key", `${KEY}\n`)}" }, "${OLD_KEY}"]`));
  await server.play(old);
  const fresh = sign(stage, "server", url).replace(/.*\/show/, "show");
  await server.play(fresh);
  await server.reload(security(`play_keys = "${KEY}"`));
  await server.play(fresh);
  await expect(server.play(old)).rejects.toThrow("the signature does not fit this URL");
  expect(player.closed).toBe(false);
});

test.concurrent("an edge passes a publisher's signature to the origin, which may instead trust the edge", async () => {
  await using stage = new Stage();
  const keys = `publish_keys = "${KEY}"`;
  const strict = await startSrs(stage, "strict", { more: security(keys) });
  const trusting = await startSrs(stage, "trusting", {
    more: security(`publish_keys = "${OLD_KEY}"\ntrusted = "publish 127.0.0.1"`),
  });
  const wary = await startSrs(stage, "wary", { more: security(`publish_keys = "${OLD_KEY}"`) });
  const vhost = forwardTo(strict, trusting, wary);
  const origin = await startSrs(stage, "origin", { vhost, more: security(keys) });
  const signed = sign(stage, "origin", origin.url("live/show"), "--publish");
  const publisher = await Client.publish(stage, { port: origin.port }, signed.replace(/.*\/show/, "show"));
  for (const edge of [strict, trusting]) {
    const player = await Client.play(stage, { port: edge.port }, "show");
    // A forward that runs later begins behind the packet.
    await origin.program.line(new RegExp(`forward running to=127\\.0\\.0\\.1:${edge.port} `));
    publisher.send(8, 0, Uint8Array.of(0xaf, 1, 7));
    await player.packet("the publisher's packet", ({ payload }) => payload[2] === 7);
  }
  await origin.program.line(/forward .*refused: the signature does not fit this URL \(NetStream\.Publish\.Denied\)/);
});

test.concurrent("an edge fetches a stream with its viewer's signature, or because the origin trusts it", async () => {
  await using stage = new Stage();
  const keys = `play_keys = "${KEY}"`;
  const strict = await startSrs(stage, "strict", { more: security(keys) });
  const trusting = await startSrs(stage, "trusting", {
    more: security(`play_keys = "${OLD_KEY}"\ntrusted = "play 127.0.0.0/8"`),
  });
  const wary = await startSrs(stage, "wary", { more: security(`play_keys = "${OLD_KEY}"`) });
  for (const origin of [strict, trusting, wary]) {
    const publisher = await Client.publish(stage, { port: origin.port }, "show");
    const edge = await startSrs(stage, `edge-of-${origin.program.name}`, {
      more: `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.port}"\n${security(keys)}`,
    });
    const signed = sign(stage, edge.program.name, edge.url("live/show"), "--play").replace(/.*\/show/, "show");
    await expect(Client.play(stage, { port: edge.port }, "show")).rejects.toThrow("the URL must be signed");
    const player = await Client.play(stage, { port: edge.port }, signed);
    if (origin === wary) await edge.program.line(/the signature does not fit this URL/);
    else {
      await origin.program.line(/play started/);
      publisher.send(8, 0, Uint8Array.of(0xaf, 1, 7));
      await player.packet("the publisher's packet", ({ payload }) => payload[2] === 7);
    }
  }
});

test.concurrent("address rules distinguish IPv4 from IPv6 on a port that accepts both", async () => {
  await using stage = new Stage();
  const conf = stage.write("both.toml", `listen = 0\n${security('deny = ["play ::/0", "publish 127.0.0.0/8"]')}`);
  const server = stage.start("server", [executable(), "--conf", conf]);
  const port = Number((await server.line(/listening rtmp=/)).match(/:(\d+)$/)?.[1]);
  for (const host of ["127.0.0.1", "[::1]"]) {
    publishClip(stage, source(), `rtmp://${host}:${port}/live/${host}`, { name: `${host} publishes` });
    playFrames(stage, `rtmp://${host}:${port}/live/other`, `${host} plays`);
  }
  const decided = /(publish|play) (started|refused) addr=(\S+):\d+ /;
  const found = () => server.lines.flatMap((line) => decided.exec(line)?.slice(1, 4).join(" ") ?? []);
  await until("all are answered", () => found().length === 4);
  expect(found().toSorted()).toEqual([
    "play refused [::1]",
    "play started 127.0.0.1",
    "publish refused 127.0.0.1",
    "publish started [::1]",
  ]);
});

test.concurrent("conf/access.toml requires page and signature, and trusts the studio", async () => {
  await using stage = new Stage();
  const example = await Bun.file(`${import.meta.dir}/../../conf/access.toml`).text();
  const conf = stage.write("access.toml", example.replaceAll("CHANGE-ME", "0123456789abcdef"));
  const env = { SRS_LISTEN: "127.0.0.1:0" };
  const server = stage.start("server", [executable(), "--conf", conf], { env });
  const port = Number((await server.line(/listening rtmp=/)).match(/:(\d+)$/)?.[1]);
  const url = `rtmp://127.0.0.1:${port}/live/show`;
  const path = (...args: string[]) => sign(stage, "access", url, ...args).replace(/.*\/show/, "show");
  await expect(Client.publish(stage, { port }, "show")).rejects.toThrow("the URL must be signed");
  await Client.publish(stage, { port }, path("--publish", "--for", "12h"));
  const page = { properties: { pageUrl: "https://www.example.com/live" } };
  await expect(Client.play(stage, { port }, path("--play"))).rejects.toThrow("has to name the page");
  await expect(Client.play(stage, { port, ...page }, "show")).rejects.toThrow("the URL must be signed");
  await Client.play(stage, { port, ...page }, path("--play", "--for", "1h"));
});

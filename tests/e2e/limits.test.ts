import { expect } from "bun:test";
import * as net from "node:net";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { startEdge } from "../support/e2e/edges.ts";
import { executable } from "../support/e2e/executable.ts";
import { playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { attack, expectCalm } from "../support/hostile/arena.ts";
import { handshake, hello, media, playing, publishing } from "../support/hostile/wire.ts";

const test = testWith("tests/e2e/limits.test.ts");
const testWithFfmpeg = testWith("tests/e2e/limits.test.ts", "FFmpeg");
const GROWN_MB = 120;

/** A client at an address of loopback that sends `bytes`. */
class Flooder {
  state: "dialling" | "open" | "closed" = "dialling";
  /** The server has said something. */
  answered = false;
  readonly #socket: net.Socket;

  constructor(stage: Stage, port: number, localAddress: string, bytes: Uint8Array) {
    this.#socket = net.connect({ host: "127.0.0.1", port, localAddress });
    this.#socket.on("connect", () => {
      this.state = "open";
      this.#socket.write(bytes);
    });
    this.#socket.on("data", () => {
      this.answered = true;
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.state = "closed";
    });
    stage.defer(() => this.leave());
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** Opens `count` connections and waits until each is answered or closed. */
async function flood(stage: Stage, port: number, address: string, count: number): Promise<Flooder[]> {
  const all: Flooder[] = [];
  while (all.length < count) {
    const some = Array.from({ length: 100 }, () => new Flooder(stage, port, address, handshake()));
    await until("they are answered or closed", () =>
      some.every(({ answered, state }) => answered || state === "closed"),
    );
    all.push(...some);
  }
  return all;
}

test("a flood from one address uses up only that address's connections, and the log stays short", async () => {
  const more = '[limits]\nmax_connections_per_address = 20\nexempt = "127.0.0.1"';
  const report = await attack(
    async ({ stage, server }) => {
      const first = await flood(stage, server.port, "127.0.0.2", 3000);
      expect(first.filter(({ answered }) => answered)).toHaveLength(20);
      const other = await flood(stage, server.port, "127.0.0.3", 100);
      expect(other.filter(({ answered }) => answered)).toHaveLength(20);
      await server.program.line(/more clients refused reason=max_connections_per_address refused=\d{4}/);
      for (const one of first) one.leave();
      const again: Flooder[] = [];
      await until("their places are free again", () => {
        if (again.every(({ state }) => state === "closed"))
          again.push(new Flooder(stage, server.port, "127.0.0.2", handshake()));
        return again.at(-1)?.answered;
      });
    },
    { more },
  );
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(GROWN_MB);
  const refused = report.lines.filter((line) => /connection refused .*127\.0\.0\.[23]/.test(line));
  expect(refused.length).toBeLessThanOrEqual(20);
  expect(refused[0]).toInclude('error="connections from 127.0.0.2: 20, allowed: 20"');
  expect(report.lines.join("\n")).toMatch(/summary .*refused=\d{4} refused_max_connections_per_address=\d{4}/);
});

test("new connections from one address are accepted no faster than its rate", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { more: "[limits]\nmax_connects_per_minute = 100" });
  const began = performance.now();
  const all = await flood(stage, server.port, "127.0.0.2", 1000);
  const minutes = (performance.now() - began) / 60_000;
  const letIn = all.filter(({ answered }) => answered).length;
  expect(letIn).toBeGreaterThanOrEqual(100);
  expect(letIn).toBeLessThanOrEqual(100 + Math.ceil(100 * minutes));
  await server.program.line(/refused .*error="more than 100 new connections in a minute from 127\.0\.0\.2"/);
  await Client.connect(stage, { port: server.port });
});

test("publishers that send nothing get the reason, and make a few lines and a count, however many they are", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { vhost: "publish.firstpkt_timeout = 1000" });
  const names = Array.from({ length: 40 }, (_, at) => `s${at}`);
  const all = await Promise.all(names.map((name) => Client.publish(stage, { port: server.port }, name)));
  for (const client of all) await client.status("NetStream.Publish.Idle");
  const counted = () =>
    server.program.lines.reduce((sum, line) => sum + Number(/ refused_firstpkt_timeout=(\d+)/.exec(line)?.[1] ?? 0), 0);
  await until("all are summed up", () => counted() === 40);
  await server.program.line(/more clients refused reason=firstpkt_timeout refused=\d/);
  expect(server.program.count(/publisher is silent/)).toBeLessThanOrEqual(20);
});

test("clients with unfinished handshakes are all closed after handshake_timeout, in a few lines", async () => {
  const more = "[limits]\nhandshake_timeout = 1000";
  const report = await attack(
    async ({ many }) => {
      const all = await many(400);
      const bytes = hello();
      let at = 0;
      const trickle = setInterval(() => {
        for (const raw of all) raw.send(bytes.subarray(at, at + 1));
        at++;
      }, 100);
      await Promise.all(all.map((raw) => raw.end()));
      clearInterval(trickle);
    },
    { more },
  );
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(GROWN_MB);
  expect(report.lines.filter((line) => line.includes("no RTMP connect in time")).length).toBeLessThanOrEqual(20);
});

testWithFfmpeg(
  "FFmpeg is told that there are players and streams enough, and a publisher that it sends too much",
  async () => {
    await using stage = new Stage();
    const more = "[vhost.__defaultVhost__.limits]\nmax_players = 1\nmax_streams = 1";
    const server = await startSrs(stage, "server", { more });
    const url = server.url("live/show");
    publishClip(stage, clip({ seconds: 20 }), url, { input: ["-stream_loop", "-1"] });
    await server.program.line(/publish started/);
    const [first, second] = [playFrames(stage, url, "first"), playFrames(stage, server.url("live/other"), "waiting")];
    await server.program.line(/play started .*stream=\/live\/show/);
    await server.program.line(/play started .*stream=\/live\/other/);
    const refused = [
      [playFrames(stage, url, "third"), "players of /live/show: 1, allowed: 1"],
      [
        playFrames(stage, server.url("live/unknown"), "fourth"),
        "streams of this vhost that are waited for: 1, allowed: 1",
      ],
      [
        publishClip(stage, clip({ seconds: 20 }), server.url("live/more"), {
          name: "more",
        }),
        "streams of this vhost that are published: 1, allowed: 1",
      ],
    ] as const;
    for (const [program, reason] of refused) {
      expect(await program.ended()).not.toBe(0);
      expect(program.lines.join("\n")).toInclude(reason);
    }
    expect([first.running, second.running]).toEqual([true, true]);
    const strict = "[vhost.__defaultVhost__.limits]\nmax_publish_kbps = 20";
    const slow = await startSrs(stage, "slow", { more: strict });
    const encoder = publishClip(stage, clip({ seconds: 20 }), slow.url("live/show"), {
      input: ["-stream_loop", "-1"],
      name: "fast",
    });
    await slow.program.line(/publisher sends too much, connection closed .*kbit\/s over ten seconds, 20 allowed/);
    expect(await encoder.ended()).not.toBe(0);
  },
);

test("names without end are refused beyond max_streams, and use no memory", async () => {
  const more = "[vhost.__defaultVhost__.limits]\nmax_streams = 50";
  const report = await attack(
    async ({ many, server }) => {
      // Each connection waits for a name until the vhost has no more; who is refused is closed.
      for (let round = 0; round < 20; round++) {
        const all = await many(100);
        for (const [at, raw] of all.entries()) raw.send(playing(`name-${round}-${at}-${"x".repeat(900)}`));
        const denied = all.slice(round === 0 ? 50 : 0);
        await until("the rest is refused", () => denied.every(({ closed }) => closed));
      }
      await server.program.line(/play refused .*streams of this vhost that are waited for: 50, allowed: 50/);
    },
    { more, maxConnections: 500 },
  );
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(GROWN_MB);
});

test("metadata of megabytes is left out each time, and the stream continues", async () => {
  const report = await attack(async ({ open, stage, server }) => {
    const raw = await open();
    raw.send(publishing("fat"));
    const player = await Client.play(stage, { port: server.port }, "fat");
    const comment = "x".repeat(15_000_000);
    const fat = encodeAmf0(["@setDataFrame", "onMetaData", AmfObject.ecma({ comment })]);
    for (let i = 0; i < 20; i++) {
      raw.send(media(18, fat));
      await raw.sent();
    }
    raw.send(media(9, avcHeader));
    raw.send(media(9, avcFrame(true, 7), 40));
    await player.packet("the picture behind it", ({ payload }) => payload.length > 20);
    expect(player.bytes).toBeLessThan(100_000);
  });
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(2 * GROWN_MB);
  expect(report.lines.filter((line) => line.includes("malformed data message dropped"))).toHaveLength(1);
});

test("conf/limits.toml lets clients in up to its limits", async () => {
  await using stage = new Stage();
  const conf = `${import.meta.dir}/../../conf/limits.toml`;
  const server = stage.start("server", [executable(), "--conf", conf], { env: { SRS_LISTEN: "127.0.0.1:0" } });
  const port = Number((await server.line(/listening rtmp=/)).match(/:(\d+)$/)?.[1]);
  const all = await flood(stage, port, "127.0.0.2", 100);
  expect(all.filter(({ answered }) => answered)).toHaveLength(50);
  const publisher = await Client.publish(stage, { port }, "show");
  const player = await Client.play(stage, { port }, "show");
  publisher.send(8, 0, Uint8Array.of(0xaf, 1, 7));
  await player.packet("the publisher's packet", ({ payload }) => payload[2] === 7);
});

test("max_players holds for players that come together, even if an origin needs time to decide on each", async () => {
  await using stage = new Stage();
  const origin = await startSrs(stage, "origin");
  const limits = "[vhost.__defaultVhost__.limits]\nmax_players = 2";
  const edge = await startEdge(stage, "edge", [origin], ["token_traverse = true", "read_timeout = 60000"], {
    more: limits,
  });
  const clients = await Promise.all(Array.from({ length: 12 }, () => Client.connect(stage, { port: edge.port })));
  const ids = await Promise.all(clients.map((client) => client.createStream()));
  origin.program.signal("SIGSTOP");
  for (const [at, client] of clients.entries()) client.say(ids[at] ?? 0, "play", null, "show", -2000);
  // Who comes after them has been answered: so have they been read.
  await Client.connect(stage, { port: edge.port });
  origin.program.signal("SIGCONT");
  const answers = (code: string) =>
    clients.filter(({ statuses }) => statuses.some((said) => said.includes(code))).length;
  await until("all are answered", () => answers("Play.Start") + answers("Play.Failed") === clients.length);
  expect([answers("Play.Start"), answers("Play.Failed")]).toEqual([2, 10]);
  const line = /play refused .*players of \/live\/show: 2, allowed: 2/;
  await until("the log has a line for each", () => edge.program.count(line) === 10);
});

import { expect } from "bun:test";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import { concat } from "../support/bytes.ts";
import { Client } from "../support/e2e/client.ts";
import { testWith } from "../support/e2e/tools.ts";
import { type Arena, attack, expectCalm } from "../support/hostile/arena.ts";
import type { Raw } from "../support/hostile/raw.ts";
import {
  command,
  connect,
  filled,
  handshake,
  header,
  hello,
  media,
  message,
  playing,
  publishing,
  repeat,
  u32,
} from "../support/hostile/wire.ts";
import { between, mulberry32, randomBytes } from "../support/random.ts";

const test = testWith("tests/e2e/hostile-peers.test.ts");

const text = new TextEncoder();

/** Sends each of `all` on a connection of its own, which the server must close; the log lines that say why. */
async function closes({ open }: Arena, all: readonly Uint8Array[]): Promise<void> {
  const raws: Raw[] = [];
  for (const bytes of all) {
    const raw = await open();
    raw.send(bytes);
    raws.push(raw);
  }
  await Promise.all(raws.map((raw) => raw.end()));
}

/** The reasons in the log's warnings, without numbers that differ from run to run. */
function reasons(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /WARN .* error=("(?:\\.|[^"\\])*"|\S+)/.exec(line)?.[1] ?? []);
}

test("a protocol other than RTMP is refused at its first byte, with a guess at its name", async () => {
  const report = await attack((arena) =>
    closes(arena, [
      Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
      text.encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      Uint8Array.of(6),
      Uint8Array.of(8),
      text.encode("SSH-2.0-OpenSSH_9.2\r\n"),
      Uint8Array.of(0),
    ]),
  );
  expectCalm(report);
  expect(reasons(report.lines).sort()).toEqual([
    '"the handshake begins with 0x00 instead of 0x03"',
    '"the handshake begins with 0x06 instead of 0x03: RTMPE (encrypted RTMP) is not supported"',
    '"the handshake begins with 0x08 instead of 0x03: RTMPE (encrypted RTMP) is not supported"',
    '"the handshake begins with 0x16 instead of 0x03: this is TLS, not plain RTMP"',
    '"the handshake begins with 0x47 instead of 0x03: this is HTTP, not RTMP"',
    '"the handshake begins with 0x53 instead of 0x03"',
  ]);
});

test("garbage after the handshake or after connect ends only its own connection", async () => {
  const random = mulberry32(1);
  const report = await attack(async ({ open }) => {
    for (let i = 0; i < 300; i++) {
      const raw = await open();
      const polite = [handshake(), concat([handshake(), connect()]), hello(), publishing(`garbage-${i}`)][i % 4];
      raw.send(concat([polite ?? handshake(), randomBytes(random, between(random, 1, 20_000))]));
      await raw.sent();
      if (i % 20 === 0) await Bun.sleep(10);
    }
  });
  expectCalm(report);
  // What ends a connection is said once, and that of very many not of each.
  const warned = report.lines.flatMap((line) => /WARN {2}\[(c\d+)\] protocol error/.exec(line)?.[1] ?? []);
  expect(warned.length).toBeGreaterThanOrEqual(10);
  expect(warned.length).toBeLessThanOrEqual(30);
  expect(new Set(warned).size).toBe(warned.length);
  expect(report.lines.filter((line) => /internal|ERROR/.test(line))).toEqual([]);
});

test("AMF bombs are refused with the reason, in commands and elsewhere", async () => {
  const deep = repeat(Uint8Array.of(0x03, 0, 1, 0x61), 10_000);
  const hugeCount = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff);
  const cycle = Uint8Array.of(0x03, 0, 1, 0x61, 0x07, 0, 0, 0, 0, 9);
  const nowhere = Uint8Array.of(0x07, 0xff, 0xff);
  // An array of 1,000 strings, and references to it: each stands for all of it.
  const billion = concat([
    Uint8Array.of(0x0a, 0, 0, 3, 0xe8),
    repeat(Uint8Array.of(0x02, 0, 1, 0x61), 1000),
    repeat(Uint8Array.of(0x07, 0, 0), 1000),
  ]);
  const longString = Uint8Array.of(0x0c, 0xff, 0xff, 0xff, 0xff, 1);
  const bombs = [
    deep,
    hugeCount,
    cycle,
    nowhere,
    billion,
    longString,
    Uint8Array.of(0x11, 0x0a, 0xff, 0xff, 0xff, 0xff),
  ];
  const start = encodeAmf0(["connect", 1]);
  const report = await attack(async (arena) => {
    await closes(
      arena,
      bombs.map((bomb) => concat([handshake(), message({ type: 20, payload: concat([start, bomb]) }, 128)])),
    );
    // A publisher's metadata is left out when it cannot be read, and the stream goes on.
    const raw = await arena.open();
    raw.send(publishing("bombs"));
    const name = encodeAmf0(["onMetaData"]);
    for (const bomb of bombs) raw.send(repeat(media(18, concat([name, bomb])), 50));
    await raw.done();
  });
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(120);
  expect(reasons(report.lines)).toHaveLength(bombs.length + 1);
  expect(
    reasons(report.lines)
      .slice(0, bombs.length)
      .every((reason) => reason.includes("AMF")),
  ).toBe(true);
});

test("chunk sizes, chunk streams, aborts and endless messages have limits", async () => {
  const setSize = (size: number) => message({ type: 1, chunkStreamId: 2, payload: u32(size) }, 128);
  const report = await attack(async (arena) => {
    // These are legal, however odd: the connection goes on and is answered.
    const odd = await arena.open();
    odd.send(concat([hello(), setSize(1)]));
    odd.send(message({ type: 20, payload: encodeAmf0(["createStream", 2, null]) }, 1));
    odd.send(repeat(concat([message({ type: 1, chunkStreamId: 2, payload: u32(0x7fffffff) }, 1), setSize(1)]), 50_000));
    odd.send(message({ type: 1, chunkStreamId: 2, payload: u32(0x7fffffff) }, 1));
    odd.send(repeat(message({ type: 2, chunkStreamId: 2, payload: u32(9) }), 100_000));
    odd.send(concat([header(9, 0, 8), repeat(Uint8Array.of(0xc9), 1_000_000)]));
    odd.send(concat([header(10, 2, 3), filled(2), repeat(Uint8Array.of(0xca, 0, 0), 300_000)]));
    odd.send(command(0, "createStream", 3, null));
    await odd.sent();
    await odd.answer("_result", 3);
    expect(odd.closed).toBe(false);

    const streams = Array.from({ length: 128 }, (_, i) => concat([header(100 + i, 200, 8), filled(128)]));
    const half = Array.from({ length: 5 }, (_, i) => concat([header(20 + i, 16_000_000, 8), filled(8_000_000)]));
    await closes(arena, [
      concat([hello(), setSize(0)]),
      concat([hello(), message({ type: 1, chunkStreamId: 2, payload: filled(3) })]),
      concat([hello(), Uint8Array.of(0xc9)]),
      concat([handshake(), connect(), ...streams]),
      concat([hello(), ...Array.from({ length: 65 }, (_, i) => command(0, "createStream", i, null))]),
      concat([hello(), setSize(8_000_000), ...half]),
      concat([publishing("aggregate"), message({ type: 22, streamId: 1, payload: repeat(tag(1), 8193) })]),
      concat([publishing("aggregate-cut"), message({ type: 22, streamId: 1, payload: tag(100).subarray(0, 50) })]),
    ]);
  });
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(120 + 2 * 32);
  expect(
    reasons(report.lines)
      .map((reason) => reason.replaceAll(/\d{4,}/g, "N"))
      .sort(),
  ).toEqual([
    '"Set Chunk Size has 3 bytes instead of 4"',
    '"aggregate message ends too early: 100 bytes expected at offset 11, 39 there"',
    '"aggregate message holds more than N tags"',
    '"chunk size 0 is not between 1 and N"',
    '"chunk stream 227 is one more than the 128 a connection may use"',
    '"chunk stream 9 starts with a type-3 header"',
    '"more than 64 streams on a connection"',
    '"unfinished messages would take N bytes, more than the limit of N"',
  ]);
});

test("names and URLs cannot forge the log, flood it, or come back in full", async () => {
  const forged = "x\n2026-01-01 00:00:00.000 ERROR [c1] forged\r\n\u001b[31mred\u2028\u202e";
  const hops = Array.from({ length: 5000 }, (_, i) => `h${i}`).join(",");
  const report = await attack(async (arena) => {
    await closes(arena, [
      publishing(forged),
      playing(`${forged}?${forged}`),
      hello({ tcUrl: `rtmp://127.0.0.1/${forged}`, flashVer: forged }),
      hello({ tcUrl: `rtmp://127.0.0.1/${"a".repeat(60_000)}` }),
      publishing("n".repeat(50_000)),
      concat([handshake(), command(0, "connect", 1, AmfObject.of({ app: "live" }), AmfObject.of({ srs_hops: hops }))]),
      concat([handshake(), command(0, forged, 1)]),
    ]);
    const long = await arena.open();
    long.send(publishing("n".repeat(50_000)));
    await long.end();
    expect(long.received).toBeLessThan(8000);
  });
  expectCalm(report);
  for (const line of report.lines) {
    expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO|WARN|DEBUG) /);
    expect(line).not.toMatch(/\p{Cc}|\u2028|\u202e/u);
    expect(line.length).toBeLessThan(3000);
  }
  expect(reasons(report.lines)).toHaveLength(8);
});

test("timestamps that jump wildly never run back for a player", async () => {
  const random = mulberry32(7);
  const report = await attack(async ({ stage, server }) => {
    const options = { port: server.port };
    const publisher = await Client.publish(stage, options, "jumps");
    const player = await Client.play(stage, options, "jumps");
    publisher.send(9, 0, Uint8Array.of(0x17, 0, 0, 0, 0));
    for (let i = 0; i < 3000; i++) {
      const key = i % 50 === 0;
      publisher.send(9, Math.floor(random() * 2 ** 32), Uint8Array.of(key ? 0x17 : 0x27, 1, 0, 0, 0, i));
      if (i % 3 === 0) publisher.send(8, Math.floor(random() * 2 ** 32), Uint8Array.of(0xaf, 1, i));
      if (i % 100 === 0) await Bun.sleep(1);
    }
    publisher.send(9, 0, Uint8Array.of(0x17, 1, 0, 0, 0, ...text.encode("last")));
    await player.packet("the last frame", ({ payload }) => payload.length === 9);
    for (const type of [8, 9]) {
      const times = player.packets.filter((packet) => packet.type === type).map(({ timestamp }) => timestamp);
      expect(times.length).toBeGreaterThan(900);
      expect(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0))).toBe(true);
    }
  });
  expectCalm(report);
});

/** Whether all of these are let in at once; if not, they leave. */
async function allComeIn(all: readonly Raw[]): Promise<boolean> {
  for (const raw of all) raw.send(hello());
  await Promise.all(all.map((raw) => raw.answerOrEnd("NetConnection.Connect.Success")));
  if (all.every(({ closed }) => !closed)) return true;
  for (const raw of all) raw.reset();
  return false;
}

test("connections that are reset or half closed at any stage are gone, all of them", async () => {
  const stages = [
    new Uint8Array(0),
    Uint8Array.of(3),
    handshake().subarray(0, 2000),
    handshake(),
    concat([handshake(), connect().subarray(0, 60)]),
    hello(),
    playing("witness"),
    concat([publishing("busy"), header(6, 1_000_000, 9, 1), filled(100_000)]),
  ];
  const report = await attack(
    async ({ many }) => {
      for (const bytes of stages) {
        for (const [k, raw] of (await many(50)).entries()) {
          raw.send(bytes);
          if (k % 2 === 0) raw.reset();
          else if (k % 4 === 1) setTimeout(() => raw.reset(), k);
          else setTimeout(() => raw.halfClose(), k);
        }
        await Bun.sleep(60);
      }
      // All places come to be free again: the whole of max_connections may come once more.
      while (!(await allComeIn(await many(195))));
    },
    { maxConnections: 200 },
  );
  expect(report).toMatchObject({ running: true, lost: 0 });
  expect(report.lines.filter((line) => /ERROR|internal/.test(line))).toEqual([]);
});

test("twenty thousand connections that come and go leave nothing behind", async () => {
  const report = await attack(
    async ({ stage, server }) => {
      const hi = hello();
      let open = 0;
      const churn = async (count: number) => {
        for (let i = 0; i < count; i++) {
          open++;
          const done = Promise.withResolvers<void>();
          const socket = await Bun.connect({
            hostname: "127.0.0.1",
            port: server.port,
            socket: { data: () => done.resolve(), close: () => done.resolve(), error: () => done.resolve() },
          });
          if (i % 4 > 0) {
            socket.write(i % 4 === 1 ? hi : hi.subarray(0, i % 1600));
            if (i % 4 === 1) await done.promise;
          }
          socket.terminate();
          open--;
        }
      };
      stage.defer(() => expect(open).toBe(0));
      await Promise.all(Array.from({ length: 20 }, () => churn(1000)));
    },
    { maxConnections: 500 },
  );
  expectCalm(report);
  expect(report.grownMb).toBeLessThan(120);
  expect(report.lines.filter((line) => /WARN|ERROR/.test(line) && !line.includes("max_connections"))).toEqual([]);
});

/** An FLV tag of audio, as aggregates hold them. */
function tag(length: number): Uint8Array {
  const bytes = new Uint8Array(11 + length + 4);
  bytes.set([8, 0, 0, length]);
  return bytes;
}

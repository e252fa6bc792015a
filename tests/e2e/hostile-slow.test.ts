import { expect } from "bun:test";
import { concat } from "../support/bytes.ts";
import { COMPLAINT } from "../support/e2e/program.ts";
import { testWith } from "../support/e2e/tools.ts";
import { type Arena, attack, expectCalm } from "../support/hostile/arena.ts";
import type { Raw } from "../support/hostile/raw.ts";
import { connect, filled, handshake, header, media, playing, publishing } from "../support/hostile/wire.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/hostile-slow.test.ts");

const STEP_MS = 100;
const NO_HEADER = /no sequence header/;
const CONNECT_TIMEOUT_MS = 10_000;
const MORE = `[limits]
handshake_timeout = ${CONNECT_TIMEOUT_MS}
[vhost.__defaultVhost__.publish]
firstpkt_timeout = 2000
normal_timeout = 2000`;
const hello = concat([handshake(), connect()]);

/** Opens `count` connections that all send the same. */
async function begin({ many }: Arena, count: number, bytes: Uint8Array): Promise<Raw[]> {
  const all = await many(count);
  for (const raw of all) raw.send(bytes);
  return all;
}

/** Those who do not get as far as connect, in every way. */
async function neverConnected(arena: Arena, trickling: readonly Raw[]): Promise<Raw[]> {
  return [
    ...trickling,
    ...(await begin(arena, 100, new Uint8Array(0))),
    ...(await begin(arena, 200, hello.subarray(0, 1537))),
    ...(await begin(arena, 50, handshake())),
    ...(await begin(arena, 50, hello.subarray(0, hello.length - 1))),
    ...(await begin(arena, 50, concat([handshake(), header(5, 16_000_000, 9), filled(128)]))),
  ];
}

/** Publishers that send no media, and such that send it once. */
async function silentPublishers({ many }: Arena): Promise<Raw[]> {
  const all = await many(20);
  for (const [i, raw] of all.entries()) {
    raw.send(publishing(`silent-${i}`));
    if (i >= 10) raw.send(media(8, filled(10)));
  }
  return all;
}

/** A tenth of a second of a stream of 20 Mbit/s, with a key frame every two seconds. */
function frames(step: number): Uint8Array {
  const three = [0, 1, 2].map((i) => {
    const frame = filled(83_000);
    frame.set([step % 20 === 0 && i === 0 ? 0x17 : 0x27, 1, 0, 0, 0]);
    return media(9, frame, step * STEP_MS + i * 33);
  });
  return concat(three);
}

test("slow handshakes, connects, publishers and hundreds of slow players do not slow other clients down", async () => {
  let never: Raw[] = [];
  let silent: Raw[] = [];
  const report = await attack(
    async (arena) => {
      const trickling = await begin(arena, 200, hello.subarray(0, 1));
      never = await neverConnected(arena, trickling);
      silent = await silentPublishers(arena);
      const fat = await arena.open();
      fat.send(publishing("fat"));
      const players = await arena.many(150, { read: false });
      for (const player of players) player.send(playing("fat"));
      const sippers = players.slice(0, 50);

      const late = performance.now() + WAIT_LIMIT_MS;
      const slow = [...never, ...silent];
      const isOver = () => slow.every(({ closed }) => closed) && arena.server.program.count(NO_HEADER) > 0;
      for (let step = 0; !isOver() && performance.now() < late; step++) {
        for (const raw of trickling) raw.send(hello.subarray(step + 1, step + 2));
        fat.send(frames(step));
        for (const raw of sippers) raw.read(step % 10 === 0);
        await Bun.sleep(STEP_MS);
      }
      expect(never.filter((raw) => !raw.closed)).toEqual([]);
      expect(silent.filter((raw) => !raw.closed)).toEqual([]);
      expect(players.filter((raw) => raw.closed)).toEqual([]);
    },
    { maxConnections: 2000, more: MORE },
  );
  expectCalm(report);
  // queue_max_bytes is 64 MiB, gop_cache_max_bytes 32; 64 KiB wait for each player; twice that while it is not collected.
  expect(report.grownMb).toBeLessThan(120 + 2 * (64 + 32 + 150 / 16));
  const count = (pattern: RegExp) => report.lines.filter((line) => pattern.test(line)).length;
  // Of so many, not each has a line.
  const late = count(/no RTMP connect in time/);
  expect(late).toBeGreaterThanOrEqual(10);
  expect(late).toBeLessThanOrEqual(20);
  expect(count(/publisher is silent/)).toBe(silent.length);
  // Its key frames come without a sequence header, which is told once.
  const told = /no RTMP connect in time|publisher is silent|more clients refused|sequence header/;
  expect(report.lines.filter((line) => COMPLAINT.test(line) && !told.test(line))).toEqual([]);
  expect(count(NO_HEADER)).toBe(1);
});

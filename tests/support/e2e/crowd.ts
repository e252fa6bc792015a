// Many players in one process of their own: `crowd.ts PORT APP/STREAM COUNT`. Reports in lines of JSON; ends when told to
// on standard input.
import { randomFillSync } from "node:crypto";
import { ClientSession } from "../../../src/rtmp/client-session.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import type { MediaHandler } from "../../../src/rtmp/net-stream.ts";
import { Outbox } from "./socket.ts";

/** Players that connect at a time. */
const BURST = 100;

/** What the crowd says. */
export interface CrowdReport {
  /** Players that were let in, that got a picture, and that were disconnected. */
  readonly ready: number;
  readonly playing: number;
  readonly gone: number;
  /** Pictures that did not follow the one before, and players that did not begin on a key frame. */
  readonly gaps: number;
  readonly badStarts: number;
  /** The number of the oldest and newest picture that a player has come to. */
  readonly behind: number;
  readonly ahead: number;
  readonly pictures: number;
}

const totals = { ready: 0, playing: 0, gone: 0, gaps: 0, badStarts: 0, pictures: 0 };
const players: Player[] = [];

/** Counts the numbered pictures of `payloads.ts`. */
class Player implements MediaHandler {
  last = -1;

  push(kind: number, _timestamp: number, payload: Uint8Array): void {
    if (kind !== 9 || payload.length < 9 || payload[1] !== 1) return;
    const number = ((payload[5] ?? 0) << 24) | ((payload[6] ?? 0) << 16) | ((payload[7] ?? 0) << 8) | (payload[8] ?? 0);
    totals.pictures++;
    if (this.last < 0) {
      totals.playing++;
      if (payload[0] !== 0x17) totals.badStarts++;
    } else if (number !== this.last + 1) totals.gaps++;
    this.last = number;
  }
}

function report(): void {
  const numbers = players.map(({ last }) => last);
  const behind = numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
  const ahead = numbers.reduce((most, number) => Math.max(most, number), -1);
  process.stdout.write(`${JSON.stringify({ ...totals, behind, ahead })}\n`);
}

async function join(port: number, app: string, playPath: string): Promise<void> {
  const player = new Player();
  const answered = Promise.withResolvers<void>();
  const tcUrl = `rtmp://127.0.0.1:${port}/${app}`;
  let outbox: Outbox | undefined;
  const session = new ClientSession(
    { role: "play", tcUrl, app, playPath, hops: [] },
    {
      ready() {
        totals.ready++;
        answered.resolve();
      },
      refused: (code) => answered.reject(new Error(code)),
      ended() {},
    },
    {
      limits: defaultLimits,
      send: (bytes) => outbox?.send(bytes),
      now: () => performance.now(),
      random: randomFillSync,
      chunkSize: 60_000,
      simpleHandshake: true,
      identity: {},
    },
  );
  session.media = player;
  players.push(player);
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        outbox = new Outbox(socket);
        session.start();
      },
      data: (_socket, bytes) => session.receive(bytes),
      drain: () => outbox?.drain(),
      close() {
        totals.gone++;
        answered.reject(new Error("closed"));
      },
    },
  });
  await answered.promise;
}

async function main(port: number, path: string, count: number): Promise<void> {
  const slash = path.lastIndexOf("/");
  for (let from = 0; from < count; from += BURST) {
    const size = Math.min(BURST, count - from);
    await Promise.all(Array.from({ length: size }, () => join(port, path.slice(0, slash), path.slice(slash + 1))));
    report();
  }
  setInterval(report, 250);
  for await (const _ of Bun.stdin.stream()) break;
  process.exit(0);
}

if (import.meta.main) {
  const [port = "", path = "", count = ""] = process.argv.slice(2);
  await main(Number(port), path, Number(count));
}

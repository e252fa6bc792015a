import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import type { Listener } from "../../../../src/io/net/tcp.ts";
import { until } from "../../../support/e2e/wait.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";

let stage: TcpStage;
let listener: Listener;
let accepted: number;
let refused: number;
/** How many are let in. */
let room: number;

beforeEach(() => {
  stage = new TcpStage();
  accepted = 0;
  refused = 0;
  room = Number.POSITIVE_INFINITY;
  listener = stage.tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
    if (accepted >= room) {
      refused++;
      return undefined;
    }
    accepted++;
    stage.clock.spend(4);
    return new End();
  });
});
afterEach(() => {
  listener.stop();
  stage.end();
});

/** So many clients that the kernel has connected, whether they are accepted or not. */
async function connect(count: number): Promise<Socket[]> {
  const { port } = listener.address;
  const socket = { data: () => undefined };
  const clients = await Promise.all(
    Array.from({ length: count }, () => Bun.connect({ hostname: "127.0.0.1", port, socket })),
  );
  for (const client of clients) stage.defer(() => client.terminate());
  return clients;
}

describe.skipIf(process.platform !== "linux")("A storm of connections", () => {
  test("is accepted for 8 ms of each turn of the event loop, at least 64 connections", async () => {
    await connect(150);
    await until("the first are accepted", () => accepted === 64);
    for (const all of [128, 150]) {
      stage.clock.turn();
      await until("the next are accepted", () => accepted === all);
    }
  });

  test("is let in when others hang up meanwhile: one is refused in a turn that lets others in", async () => {
    room = 10;
    await connect(30);
    await until("one is refused", () => refused === 1);
    expect(accepted).toBe(10);
    room = 20;
    stage.clock.turn();
    await until("the next are accepted", () => accepted === 20);
    expect(refused).toBe(2);
  });

  test("at a full server is refused as a whole, in one turn", async () => {
    room = 0;
    await connect(30);
    await until("all are refused", () => refused === 30);
  });

  test("is refused once nobody listens any more", async () => {
    await connect(100);
    await until("the first are accepted", () => accepted === 64);
    listener.stop();
    stage.clock.settle();
    await expect(connect(1)).rejects.toThrow("connect");
    expect(accepted).toBe(64);
  });
});

import { expect, test } from "bun:test";
import { Traffic } from "../../../../src/features/api/traffic.ts";
import { ApiStage } from "../../../support/api-stage.ts";

test("Clients are counted in slices, and a stream's sent bytes never decrease when players leave meanwhile", async () => {
  const { clock, live, clients } = new ApiStage();
  const traffic = new Traffic(clock, live.streams, clients);
  clients.observe(traffic);
  const stream = live.stream();
  const all = Array.from({ length: 8000 }, (_, at) => {
    const connection = { bytesReceived: 0, bytesSent: 10, kick: () => undefined };
    const client = clients.add({ id: `c${at}`, protocol: "rtmp", remote: { host: "192.0.2.1", port: 1 } }, connection);
    client.began({ kind: "play", stream, relay: false, since: 0, bytes: 10, lost: 1 });
    return client;
  });
  const leave = (at: number) => {
    const [task] = all[at]?.tasks ?? [];
    if (task !== undefined) all[at]?.ended(task, "unpublished");
    all[at]?.disconnected(undefined);
  };
  let isCounted = false;
  const counting = traffic.fresh().then(() => {
    isCounted = true;
  });
  // One of those that were counted, and one of those that were not.
  leave(3);
  leave(6500);
  let turns = 0;
  for (; !isCounted; turns++) {
    clock.turn();
    await Promise.resolve();
  }
  await counting;
  expect(turns).toBeGreaterThanOrEqual(3);
  const { sent, lost } = traffic.clientsOf(stream);
  expect([sent, lost]).toEqual([80_000, 8000]);
  clock.advance(1000);
  const again = traffic.fresh();
  clock.settle();
  await again;
  expect(traffic.clientsOf(stream)).toEqual({ publishers: 0, players: 7998, sent: 80_000, lost: 8000, lagMs: 0 });
  expect(clients.totals().players).toBe(7998);
  traffic.stop();
});

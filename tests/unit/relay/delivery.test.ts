import { expect, test } from "bun:test";
import { Delivery } from "../../../src/relay/delivery.ts";

/** A transport as a test says, to a target that has answered a ping. */
function stage() {
  const transport = { bytesSent: 0, bytesQueued: 0, bytesUnacknowledged: 0 };
  const pings: number[] = [];
  const delivery = new Delivery(transport, true, 0, (now) => pings.push(now));
  return { transport, pings, delivery };
}

test("An answer to a ping belongs to that ping, even if bytes have waited for the target meanwhile", () => {
  const { transport, pings, delivery } = stage();
  delivery.look(1000, 0);
  transport.bytesQueued = 100;
  delivery.look(2000, 0);
  Object.assign(transport, { bytesSent: 100, bytesQueued: 0 });
  for (const now of [3000, 4000, 5000]) delivery.look(now, 0);
  expect(pings).toEqual([1000]);
  expect(delivery.lagMs(5500, 0)).toBe(4500);
  delivery.pong(6000);
  expect(delivery.lagMs(6000, 0)).toBe(5000);
  delivery.look(7000, 0);
  delivery.pong(7010);
  expect(delivery.lagMs(7010, 0)).toBe(10);
});

test("A target is not given up for an unanswered ping that is behind bytes which its machine still takes", () => {
  const { transport, delivery } = stage();
  transport.bytesSent = 1_000_000;
  transport.bytesUnacknowledged = 1_000_000;
  for (let now = 1000; now <= 60_000; now += 1000) {
    transport.bytesUnacknowledged -= 10_000;
    expect(delivery.look(now, 0)).toBeUndefined();
  }
  for (let now = 61_000; now < 70_000; now += 1000) expect(delivery.look(now, 0)).toBeUndefined();
  expect(delivery.look(70_000, 0)).toBe("has given no sign of life for 10 s");
});

test("Waiting bytes count for the lag from the time when the stream had them", () => {
  const { transport, delivery } = stage();
  transport.bytesQueued = 1000;
  delivery.look(1000, 700);
  expect(delivery.lagMs(2000, 900)).toBe(1700);
  transport.bytesSent = 1000;
  transport.bytesQueued = 0;
  expect(delivery.lagMs(2000, 900)).toBe(900);
});

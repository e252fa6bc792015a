import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseNetwork } from "../../../../src/base/network.ts";
import { ConnectionLimiter } from "../../../../src/features/limits/connection-limiter.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

class Stage {
  readonly clock = new FakeClock();
  limits = {
    max_connections_per_address: 0,
    max_connects_per_minute: 0,
    max_requests_per_minute: 0,
    exempt: [parseNetwork("10.0.0.0/8")],
  };
  readonly limiter = new ConnectionLimiter(this.clock, () => this.limits);

  constructor(limits: Partial<Stage["limits"]> = {}) {
    this.limits = { ...this.limits, ...limits };
  }

  /** How many of `count` connections from an address are let in. */
  come(host: string, count: number): number {
    return Array.from({ length: count }, () => this.limiter.acquire(host)).filter((no) => no === undefined).length;
  }
}

describe("Connections from one address", () => {
  test("are unlimited while there is no limit", () => {
    expect(new Stage().come("192.0.2.1", 5000)).toBe(5000);
  });

  test("are accepted up to the limit, and one more for each that leaves", () => {
    const stage = new Stage({ max_connections_per_address: 3 });
    expect(stage.come("192.0.2.1", 5)).toBe(3);
    expect(stage.limiter.acquire("192.0.2.1")).toEqual({
      rule: "max_connections_per_address",
      reason: "connections from 192.0.2.1: 3, allowed: 3",
    });
    expect(stage.come("192.0.2.2", 1)).toBe(1);
    stage.limiter.release("192.0.2.1");
    expect(stage.come("192.0.2.1", 2)).toBe(1);
  });

  test("are counted for the whole /64 of IPv6, and for IPv4 in any spelling", () => {
    const stage = new Stage({ max_connections_per_address: 2 });
    expect(stage.come("2001:db8:0:1::1", 1) + stage.come("2001:db8:0:1:ffff::2%eth0", 5)).toBe(2);
    expect(stage.come("2001:db8:0:2::1", 5)).toBe(2);
    expect(stage.come("192.0.2.1", 1) + stage.come("::ffff:192.0.2.1", 5)).toBe(2);
    expect(stage.limiter.acquire("2001:db8:0:1::9")?.reason).toBe("connections from 2001:db8:0:1::/64: 2, allowed: 2");
  });

  test("are counted even without a limit, for the time when there is one", () => {
    const stage = new Stage();
    stage.come("192.0.2.1", 10);
    stage.limits = { ...stage.limits, max_connections_per_address: 10 };
    expect(stage.come("192.0.2.1", 1)).toBe(0);
  });

  test("are not limited for exempt addresses", () => {
    const stage = new Stage({ max_connections_per_address: 1, max_connects_per_minute: 1 });
    expect(stage.come("10.1.2.3", 100)).toBe(100);
    expect(stage.come("::ffff:10.1.2.3", 100)).toBe(100);
    expect(stage.come("not an address", 2)).toBe(1);
  });
});

describe("The rate of connections from one address", () => {
  test("allows a minute's connections at once, and then one for each share of a minute", () => {
    const stage = new Stage({ max_connects_per_minute: 60 });
    expect(stage.come("192.0.2.1", 100)).toBe(60);
    expect(stage.limiter.acquire("192.0.2.1")).toEqual({
      rule: "max_connects_per_minute",
      reason: "more than 60 new connections in a minute from 192.0.2.1",
    });
    stage.clock.advance(999);
    expect(stage.come("192.0.2.1", 1)).toBe(0);
    stage.clock.advance(1);
    expect(stage.come("192.0.2.1", 5)).toBe(1);
    stage.clock.advance(10_000);
    expect(stage.come("192.0.2.1", 50)).toBe(10);
    stage.clock.advance(60_000);
    expect(stage.come("192.0.2.1", 100)).toBe(60);
    expect(stage.come("192.0.2.2", 1)).toBe(1);
  });

  test("is counted from zero again when the limit changes", () => {
    const stage = new Stage({ max_connects_per_minute: 1 });
    expect(stage.come("192.0.2.1", 2)).toBe(1);
    stage.limits = { ...stage.limits, max_connects_per_minute: 5 };
    expect(stage.come("192.0.2.1", 9)).toBe(5);
  });

  test("never allows more than twice the limit in a minute, whenever they come", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), gaps, (rate, steps) => {
        const stage = new Stage({ max_connects_per_minute: rate });
        const times: number[] = [];
        for (const gap of steps) {
          stage.clock.advance(gap);
          if (stage.limiter.acquire("192.0.2.1") === undefined) times.push(stage.clock.now());
        }
        const most = Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));
        expect(most).toBeLessThanOrEqual(2 * rate);
        expect(times.length).toBeGreaterThanOrEqual(Math.min(rate, steps.length));
      }),
    );
  });
});

describe("The memory of addresses", () => {
  test("is bounded, however many addresses come", () => {
    const stage = new Stage({ max_connects_per_minute: 1, max_connections_per_address: 5 });
    let most = 0;
    for (let i = 0; i < 100_000; i++) {
      const host = `${1 + (i >> 16)}.0.${(i >> 8) & 0xff}.${i & 0xff}`;
      stage.limiter.acquire(host);
      stage.limiter.release(host);
      most = Math.max(most, stage.limiter.size);
    }
    expect(most).toBeLessThanOrEqual(65_536);
    // The newest are remembered.
    expect(stage.limiter.size).toBeGreaterThan(65_000);
  });

  test("is empty again soon after they are gone, and at once without a rate", () => {
    const stage = new Stage({ max_connects_per_minute: 1 });
    for (let i = 0; i < 1000; i++) stage.come(`192.0.${i >> 8}.${i & 0xff}`, 1);
    for (let i = 0; i < 1000; i++) stage.limiter.release(`192.0.${i >> 8}.${i & 0xff}`);
    expect(stage.limiter.size).toBe(1000);
    stage.clock.advance(60_001);
    for (let i = 0; i < 1000; i++) {
      stage.come("198.51.100.1", 1);
      stage.clock.advance(61_000);
      stage.limiter.release("198.51.100.1");
    }
    expect(stage.limiter.size).toBe(1);
    stage.limits = { ...stage.limits, max_connects_per_minute: 0 };
    stage.come("198.51.100.1", 1);
    expect(stage.limiter.size).toBe(1);
  });
});

describe("Requests from one address", () => {
  test("are accepted up to the limit, and then spread over each minute", () => {
    const stage = new Stage({ max_requests_per_minute: 60 });
    const ask = (count: number, host = "192.0.2.1") =>
      Array.from({ length: count }, () => stage.limiter.countRequest(host)).filter((no) => no === undefined).length;
    expect([ask(100), ask(1, "192.0.2.2"), ask(100, "10.1.2.3")]).toEqual([60, 1, 100]);
    stage.clock.advance(5000);
    expect(ask(100)).toBe(5);
    expect(stage.limiter.countRequest("192.0.2.1")).toEqual({
      rule: "max_requests_per_minute",
      reason: "more than 60 requests in a minute from 192.0.2.1",
    });
    stage.limits = { ...stage.limits, max_requests_per_minute: 0 };
    expect([ask(100), stage.limiter.size]).toEqual([100, 0]);
  });
});

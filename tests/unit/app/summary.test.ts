import { describe, expect, test } from "bun:test";
import { startSummary, streamsReport } from "../../../src/app/summary.ts";
import { addedUp } from "../../../src/live/ports/report.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { parseTarget } from "../../../src/relay/target.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeNode } from "../../support/fake-node.ts";
import { FakeNet } from "../../support/fake-transport.ts";
import { payloads } from "../../support/live.ts";
import { mulberry32 } from "../../support/random.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** A server that forwards to another, and the summaries that it logs. */
function stage() {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const edge = new FakeNode(clock, net, "edge:1935");
  const origin = new FakeNode(clock, net, "origin:1935", ["edge:1935"]);
  const log = new RecordingLog();
  const clients: { now: Record<string, number>; since: Record<string, number> } = {
    now: { connections: 1, publishers: 1, players: 0 },
    since: {},
  };
  const { forward, edge: fetching, streams } = origin;
  startSummary(clock, log, () => addedUp([clients, forward.report(), fetching.report(), streamsReport(streams)]));
  /** The newest summary's fields. */
  const summary = () => {
    const line = log.take(/summary/).at(-1) ?? "";
    return Object.fromEntries([...line.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g)].map(([, name, value]) => [name, value]));
  };
  return { clock, net, edge, origin, clients, summary };
}

describe("the summary", () => {
  test("has the number of standby sources, while there are any", () => {
    const { origin, clock, summary } = stage();
    const first = origin.publish();
    clock.advance(10_000);
    expect(summary().standbys).toBeUndefined();
    first.end();
    const info = { id: "q", remote: "test", param: "", hops: [], via: "client" } as const;
    for (let i = 0; i < 3; i++) origin.stream().publish(info, { onConflict: "standby" });
    clock.advance(10_000);
    expect(summary().standbys).toBe("2");
  });

  test("counts the jumps of clocks since the last summary", () => {
    const { origin, clock, summary } = stage();
    const { source } = origin.publish();
    source.push(PacketKind.Audio, 0, payloads.audio("a"));
    for (let at = 1; at <= 3; at++) source.push(PacketKind.Audio, at * 60_000, payloads.audio("a"));
    clock.advance(10_000);
    expect(summary().clock_jumps).toBe("3");
    clock.advance(10_000);
    expect(summary().clock_jumps).toBeUndefined();
  });

  test("counts what relays send, including relays that have ended since the last summary", () => {
    const { origin, clock, summary } = stage();
    const feed = origin.publish().headers();
    for (let i = 0; i < 10; i++) feed.gop(`k${i}`, 24, 5000);
    clock.advance(1);
    const whole = summary();
    expect(whole).toMatchObject({ relays: "1", relays_running: "1" });
    expect(Number(whole.out_kbps)).toBeGreaterThan(900);
    for (let i = 0; i < 5; i++) feed.gop(`K${i}`, 24, 5000);
    feed.end();
    clock.advance(10_000);
    const half = summary();
    expect(half.relays).toBeUndefined();
    expect(Number(half.out_kbps)).toBeGreaterThan(450);
    expect(Number(half.out_kbps)).toBeLessThan(600);
    clock.advance(10_000);
    expect(summary().out_kbps).toBe("0");
  });

  test("says how far the slowest relay is behind when that is over a second", () => {
    const { origin, edge, net, clock, summary } = stage();
    const feed = origin.publish().headers();
    for (let i = 0; i < 10; i++) feed.gop(`k${i}`, 24);
    clock.advance(1);
    expect(summary()).not.toHaveProperty("slowest_relay_ms");
    edge.frozen = true;
    net.last.accepted.reading = false;
    for (let i = 0; i < 10; i++) feed.gop(`K${i}`, 24, 5000);
    const last = summary();
    const lag = Number(last.slowest_relay_ms);
    expect(lag).toBeGreaterThan(1000);
    expect(lag).toBeLessThan(10_000);
    expect(last.slow_targets).toBe("edge:1935");
  });

  test("names the targets that fail, each once and the first five of them", () => {
    const { origin, clock, net, summary } = stage();
    const names = [1, 2, 3, 4, 5, 6, 7].map((at) => `dead-${at}:1935`);
    for (const name of names) net.hosts.set(name, { refuse: "connection refused" });
    origin.targets = ["edge:1935", ...names].map(parseTarget);
    for (const stream of ["one", "two"]) origin.publish(stream).headers();
    clock.advance(10_000);
    const last = summary();
    expect(last).toMatchObject({
      relays: "16",
      relays_running: "2",
      failing_targets: `${names.slice(0, 5).join(", ")} and 2 more`,
    });
    expect(last).not.toHaveProperty("slow_targets");
  });

  test("counts the clients refused since the last summary, in total and by kind, even without connections", () => {
    const { clients, clock, summary } = stage();
    clients.now = {};
    clients.since = { refused: 3, refused_max_players: 3 };
    clock.advance(10_000);
    expect(summary()).toMatchObject({ refused: "3", refused_max_players: "3" });
    clients.since = { refused: 6, refused_max_players: 3, refused_protocol: 1, refused_busy: 2 };
    clock.advance(10_000);
    const second = summary();
    expect(second).toMatchObject({ refused: "3", refused_protocol: "1", refused_busy: "2" });
    expect(second).not.toHaveProperty("refused_max_players");
    clock.advance(10_000);
    expect(summary()).toEqual({});
  });

  test("is not logged while there is nothing to summarise", () => {
    const { clients, clock, summary } = stage();
    clients.now = {};
    clock.advance(60_000);
    expect(summary()).toEqual({});
  });
});

import { describe, expect, test } from "bun:test";
import { type Hello, lineOf, PROTOCOL } from "../../../../src/features/handover/messages.ts";
import type { SourceEvents } from "../../../../src/live/source/source.ts";
import { accessRequest } from "../../../support/access.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import type { FakeNode } from "../../../support/fake-node.ts";
import { processes } from "../../../support/handover-stage.ts";
import { Feed, streamDefaults } from "../../../support/live.ts";

const request = accessRequest({ action: "publish", address: "10.0.0.1" });
/** A silent publisher that answers no probe keeps its stream for this long. */
const { switch_after: SWITCH_AFTER_MS } = streamDefaults;

/** A publisher at a node whose connection's owner hears of events, and which has sent a picture. */
function publishAt(node: FakeNode, clock: FakeClock, events: SourceEvents): Feed {
  const info = { id: "p", remote: "test", param: "", hops: [], via: "client" } as const;
  const source = node.stream().publish(info, { events });
  if (source === undefined) throw new Error("the stream is busy");
  return new Feed(source, clock).headers().gop("k0", 1);
}

describe("A publisher that comes to the new process", () => {
  test("gets its name from its own half-open connection once a probe of that has no answer, as from one process", async () => {
    const { older, younger, link, watch, clock } = processes();
    let [probes, why] = [0, ""];
    const dismissed = (reason: string) => {
      why = reason;
    };
    const half = publishAt(older, clock, { probe: () => probes++, dismissed });
    await link();
    const viewers = [watch(older), watch(younger)];
    clock.advance(300);
    const result = [younger.handover.check(request), younger.handover.check(request)];
    clock.advance(SWITCH_AFTER_MS - 50);
    expect([half.source.role, probes]).toEqual(["active", 1]);
    clock.advance(100);
    expect(await Promise.all(result)).toEqual([undefined, undefined]);
    expect([half.source.role, why]).toEqual(["ended", "/live/show is now published by another connection"]);
    const again = younger.publish().headers().gop("K0", 1);
    clock.advance(10);
    again.gop("K1", 1);
    clock.advance(10);
    for (const viewer of viewers) {
      expect(viewer.log).toContain("K1+1");
      expect(viewer.log).not.toContain("unpublished");
    }
  });

  test("is refused when a silent publisher of the old process answers a probe", async () => {
    const { older, younger, link, clock } = processes();
    const feed: Feed = publishAt(older, clock, { probe: () => clock.after(900, () => feed.source.alive()) });
    await link();
    clock.advance(300);
    for (const _ of [1, 2]) {
      const result = younger.handover.check(request);
      clock.advance(SWITCH_AFTER_MS + 100);
      expect(await result).toMatchObject({ kind: "busy", reason: "/live/show is already being published" });
    }
    expect(feed.source.role).toBe("active");
  });

  test("waits no longer once it has left", async () => {
    const { older, younger, link, clock } = processes();
    older.publish().headers().gop("k0", 1);
    await link();
    const { timers } = clock;
    const result = younger.handover.check(request);
    expect(clock.timers).toBeGreaterThan(timers);
    younger.handover.withdrawn(request);
    expect(clock.timers).toBe(timers);
    await result;
  });

  test("waits no longer than 20 s for the answer to a probe", async () => {
    const { older, younger, link, clock } = processes();
    const feed = publishAt(older, clock, { probe: () => undefined });
    older.stream().configure({ ...older.stream().config, switch_after: 60_000 });
    await link();
    clock.advance(300);
    const result = younger.handover.check(request);
    clock.advance(20_000);
    expect(await result).toMatchObject({ kind: "busy" });
    expect(feed.source.role).toBe("active");
  });

  test("is refused after a second when the old process is of a version that knows no probes", async () => {
    const { younger, clock, net } = processes();
    const name = { vhost: "__defaultVhost__", app: "live", stream: "show" };
    const published = [{ name, param: "", hops: [] }];
    const hello: Hello = { protocol: PROTOCOL, pid: 7, socket: "/old", published };
    const ignore = () => undefined;
    net.local.listen("/old", () => ({
      ...{ onData: ignore, onDrain: ignore, onClose: ignore },
      onOpen: (transport) => void transport.send(lineOf({ hello })),
    }));
    const joined = younger.handover.join("/old", "/younger");
    clock.advance(1);
    await joined;
    const result = younger.handover.check(request);
    clock.advance(1000);
    expect(await result).toMatchObject({ kind: "busy" });
  });
});

import { describe, expect, test } from "bun:test";
import type { PublishOptions, SourceEvents, SourceInfo } from "../../../../src/live/source/source.ts";
import { Feed, LiveStage } from "../../../support/live.ts";

/** A source of a stream that is fetched from another node, where the nodes agree on who may publish. */
const fetched: Partial<SourceInfo> = { via: "pull", hops: ["n1"], yields: true };

/** A stream, the sources that want it, and what they are told. */
class Contest {
  readonly stage = new LiveStage();
  readonly told: string[] = [];

  publish(id: string, info: Partial<SourceInfo>, onConflict: PublishOptions["onConflict"] = "reject") {
    const events: SourceEvents = {
      replaced: (by) => this.told.push(`${id} replaced by ${by.id}`),
      dismissed: (reason) => this.told.push(`${id} dismissed: ${reason}`),
      probe: () => this.told.push(`${id} probed`),
    };
    const whole = { id, remote: "", param: "", hops: [], via: "client", ...info } as const;
    return this.stage.stream().publish(whole, { onConflict, events });
  }

  /** A client that has sent a picture. */
  client(id: string): Feed {
    const source = this.publish(id, {});
    if (source === undefined) throw new Error(`${id} is refused`);
    return new Feed(source, this.stage.clock).headers().key("k");
  }

  /** Asks for another server whether the publisher is alive. */
  ask(): void {
    this.stage.stream().sources.probeActive("it is published elsewhere", (alive) => {
      this.told.push(alive ? "alive" : "gone");
    });
  }

  get active(): string | undefined {
    return this.stage.stream().source?.info.id;
  }

  get standbys(): readonly string[] {
    return this.stage.stream().sources.standbys.map(({ info }) => info.id);
  }
}

describe("A source that yields", () => {
  test("is replaced by a client that publishes here, even if others are refused", () => {
    const it = new Contest();
    it.publish("pull", fetched);
    expect(it.publish("client", {})?.role).toBe("active");
    expect([it.active, it.told]).toEqual(["client", ["pull replaced by client"]]);
  });

  test("is not replaced by other servers' sources, nor by another copy", () => {
    const it = new Contest();
    it.publish("pull", fetched);
    expect(it.publish("forward", { hops: ["n2"] })).toBeUndefined();
    expect(it.publish("pull2", fetched)).toBeUndefined();
    expect([it.active, it.told]).toEqual(["pull", []]);
  });

  test("stays if a second publisher stands by", () => {
    const it = new Contest();
    it.publish("pull", fetched);
    expect(it.publish("client", {}, "standby")?.role).toBe("standby");
    expect([it.active, it.standbys]).toEqual(["pull", ["client"]]);
  });

  test("is like any other if nodes do not agree on who may publish", () => {
    const it = new Contest();
    it.publish("pull", { ...fetched, yields: false });
    expect(it.publish("client", {})).toBeUndefined();
    expect(it.active).toBe("pull");
  });
});

describe("A publisher that another server asks about", () => {
  test("is alive while it sends, without a probe", () => {
    const it = new Contest();
    it.client("a");
    it.ask();
    expect(it.told).toEqual(["alive"]);
  });

  test("is alive when it is silent and answers its probe", () => {
    const it = new Contest();
    const feed = it.client("a");
    it.stage.clock.advance(500);
    it.ask();
    expect(it.told).toEqual(["a probed"]);
    feed.source.alive();
    expect([it.told, it.active]).toEqual([["a probed", "alive"], "a"]);
  });

  test("ends with the reason when it answers no probe, and all servers that asked get the answer", () => {
    const it = new Contest();
    it.client("a");
    it.stage.clock.advance(500);
    it.ask();
    it.ask();
    it.stage.clock.advance(it.stage.stream().config.switch_after);
    expect(it.told).toEqual(["a probed", "a probed", "a dismissed: it is published elsewhere", "gone", "gone"]);
    expect(it.active).toBeUndefined();
  });

  test("is gone if there is none, or if it ends while it is probed", () => {
    const it = new Contest();
    it.ask();
    const feed = it.client("a");
    it.stage.clock.advance(500);
    it.ask();
    feed.source.end("unpublished");
    expect(it.told.filter((text) => text === "gone")).toHaveLength(2);
  });

  test("is gone when it leaves its stream to a standby", () => {
    const it = new Contest();
    it.client("a");
    const second = it.publish("b", {}, "standby");
    if (second === undefined) throw new Error("b is refused");
    const feed = new Feed(second, it.stage.clock).headers();
    it.stage.clock.advance(300);
    feed.key("k1");
    it.stage.clock.advance(300);
    feed.key("k2");
    it.ask();
    it.stage.clock.advance(it.stage.stream().config.switch_after);
    expect([it.active, it.told.at(-1)]).toEqual(["b", "gone"]);
  });
});

import { expect, test } from "bun:test";
import type { VhostLimits } from "../../../../src/features/limits/config.ts";
import { limitGuards, limitUses } from "../../../../src/features/limits/guards.ts";
import { limitDefaults } from "../../../support/open-door.ts";
import { RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";

/** A server with these limits on its default vhost. */
function limited(limits: Partial<VhostLimits>): RtmpStage {
  const stage = new RtmpStage();
  const all = new Map([["__defaultVhost__", { ...limitDefaults, ...limits }]]);
  stage.guards.push(...limitGuards({ streams: stage.streams, limits: (vhost) => all.get(vhost) }));
  return stage;
}

test("a stream has at most max_players players, counted for each stream", () => {
  const stage = limited({ max_players: 2 });
  const [first] = [stage.play("show"), stage.play("show")];
  const third = stage.play("show");
  expect(third.hear()).toEqual([]);
  expect([first?.state, third.state]).toEqual(["open", "closing"]);
  expect(stage.logged("WARN")).toEqual([
    "WARN [c3] play refused addr=10.0.0.9:3 stream=/live/show error=players of /live/show: 2, allowed: 2",
  ]);
  expect(stage.play("other").state).toBe("open");
  expect(stage.publish("show").state).toBe("open");
  first?.hangUp();
  expect(stage.play("show").state).toBe("open");
});

test("a vhost has at most max_streams published streams; a second publisher of one does not count", () => {
  const stage = limited({ max_streams: 2 });
  const [one] = [stage.publish("one"), stage.publish("two")];
  expect(stage.publish("three").state).toBe("closing");
  expect(stage.logged("WARN")[0]).toEndWith("error=streams of this vhost that are published: 2, allowed: 2");
  stage.publish("one");
  expect(stage.logged("WARN")[0]).toContain("error=/live/one is already being published");
  stage.vhosts.set("other.com", vhostDefaults);
  expect(stage.publish("three?vhost=other.com").state).toBe("open");
  one?.hangUp();
  expect(stage.publish("three").state).toBe("open");
});

test("players wait for at most max_streams streams, which are not counted with published ones", () => {
  const stage = limited({ max_streams: 2 });
  const [one] = [stage.play("one"), stage.play("two"), stage.play("one")];
  expect(stage.play("three").state).toBe("closing");
  expect(stage.logged("WARN")[0]).toEndWith("error=streams of this vhost that are waited for: 2, allowed: 2");
  expect([stage.publish("four").state, stage.publish("one").state]).toEqual(["open", "open"]);
  expect(stage.play("four").state).toBe("open");
  expect(stage.streams.count("__defaultVhost__")).toEqual({ published: 2, waiting: 1 });
  expect(stage.play("three").state).toBe("open");
  expect(one?.state).toBe("open");
});

test("counts are zero again when all are gone", () => {
  const stage = limited({});
  const clients = [stage.publish("a"), stage.play("a"), stage.play("b"), stage.publish("c")];
  expect(stage.streams.count("__defaultVhost__")).toEqual({ published: 2, waiting: 1 });
  for (const client of clients) client.hangUp();
  stage.clock.advance(60_000);
  expect(stage.streams.count("__defaultVhost__")).toEqual({ published: 0, waiting: 0 });
  expect(stage.streams.size).toBe(0);
});

test("the use of limits is reported for each stream and vhost that has one", () => {
  const all = new Map([["__defaultVhost__", { ...limitDefaults, max_players: 2, max_streams: 5 }]]);
  const stage = new RtmpStage();
  stage.publish("show");
  stage.play("show");
  stage.vhosts.set("other.com", vhostDefaults);
  stage.publish("free?vhost=other.com");
  expect([...limitUses({ streams: stage.streams, limits: (vhost) => all.get(vhost) })]).toEqual([
    { limit: "max_players", of: "/live/show", now: 1, max: 2 },
    { limit: "max_streams", of: "__defaultVhost__", now: 1, max: 5 },
  ]);
});

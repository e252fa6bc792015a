import { describe, expect, test } from "bun:test";
import type { Client } from "../../../../src/live/ports/clients.ts";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

test("the register lists what each client publishes and plays, with bytes and packets", () => {
  const stage = new RtmpStage();
  const both = stage.publish();
  both.say(commandOn(2, "play", 0, null, "show"), tag("audio", 1, 0, "af01"));
  const [client] = [...stage.context.clients.all()];
  expect(client).toMatchObject({ id: "c1", protocol: "rtmp", introduction: { url: "rtmp://localhost/live" } });
  const tasks = [...(client?.tasks ?? [])].map(({ kind, relay, stream, bytes, lost }) => [
    kind,
    relay,
    stream.key,
    bytes > 0,
    lost,
  ]);
  expect(tasks).toEqual([
    ["publish", false, "__defaultVhost__/live/show", true, 0],
    ["play", false, "__defaultVhost__/live/show", true, 0],
  ]);
  both.hangUp();
  expect([...stage.context.clients.all()]).toEqual([]);
});

describe("A client that is kicked", () => {
  test("gets the reason, its stream ends, and the log has a line", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    stage.logged();
    stage.context.clients.find("c1")?.kick("by the operator");
    stage.context.clients.find("c1")?.kick("again");
    expect(publisher.hear()).toEqual(["onStatus NetConnection.Connect.Closed"]);
    expect([publisher.state, player.state]).toEqual(["closing", "open"]);
    expect(stage.logged("WARN")).toEqual(["WARN [c1] connection closed addr=10.0.0.9:1 error=by the operator"]);
    expect(stage.totals()).toMatchObject({ publishers: 0, players: 1 });
  });

  test("after it has left causes nothing", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    const client = stage.context.clients.find("c1");
    player.hangUp();
    client?.kick("too late");
    stage.clock.settle();
    expect(stage.logged("WARN")).toEqual([]);
    expect([...stage.totals().refused]).toEqual([]);
  });

  test.each(["accepted", "connected", "began"] as const)("when it has just %s leaves nothing behind", (step) => {
    const stage = new RtmpStage();
    stage.context.clients.observe({ [step]: (client: Client) => client.kick("not here") });
    for (const client of [stage.publish(), stage.play()]) {
      expect(client.state).toBe("closing");
      client.hangUp();
    }
    expect(stage.totals()).toMatchObject({ connections: 0, publishers: 0, players: 0 });
    expect(stage.streams.size).toBe(0);
  });
});

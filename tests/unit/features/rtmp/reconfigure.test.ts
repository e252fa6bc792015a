import { describe, expect, test } from "bun:test";
import { RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";
import { commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const audio = tag("audio", 1, 0, "af01");

describe("A vhost that is taken out of the configuration", () => {
  test("ends its streams properly, with the reason, and other vhosts continue", () => {
    const stage = new RtmpStage();
    stage.vhosts.set("a.com", vhostDefaults);
    const [publisher, player] = [stage.publish("s?vhost=a.com"), stage.play("s?vhost=a.com")];
    const [others, viewer] = [stage.publish(), stage.play()];
    for (const client of [publisher, others]) client.say(audio);
    for (const client of [player, viewer]) client.hear();
    stage.logged();
    // Not flushed yet.
    publisher.say(audio);
    stage.vhosts.delete("a.com");
    stage.server.reconfigure();
    expect(publisher.hear()).toEqual(["onStatus@1 NetConnection.Connect.AppShutdown"]);
    expect(player.hear()).toEqual([
      "audio@1 0 af01",
      "StreamEof 1",
      "onStatus@1 NetStream.Play.UnpublishNotify",
      "onStatus@1 NetConnection.Connect.AppShutdown",
    ]);
    expect([publisher, player, others, viewer].map(({ state }) => state)).toEqual([
      "closing",
      "closing",
      "open",
      "open",
    ]);
    expect(stage.logged("WARN")).toEqual(
      ["c1", "c2"].map(
        (id, at) => `WARN [${id}] connection closed addr=10.0.0.9:${at + 1} error=vhost "a.com" was removed`,
      ),
    );
    others.say(audio);
    expect(viewer.hear()).toEqual(["audio@1 0 af01"]);
    expect(stage.streams.size).toBe(1);
  });

  test("accepts no streams of clients that had connected before", () => {
    const stage = new RtmpStage();
    stage.vhosts.set("a.com", vhostDefaults);
    const client = stage.connect({ tcUrl: "rtmp://a.com/live" });
    stage.vhosts.clear();
    stage.server.reconfigure();
    expect(client.state).toBe("open");
    expect(client.say(commandOn(1, "publish", 3, null, "s", "live"))).toEqual(["onStatus@1 NetStream.Publish.BadName"]);
  });
});

test("A vhost that is switched off ends its streams like one that is removed", () => {
  const stage = new RtmpStage();
  const publisher = stage.publish();
  stage.logged();
  stage.configure({ enabled: false });
  stage.server.reconfigure();
  expect(publisher.state).toBe("closing");
  expect(stage.logged("WARN")[0]).toContain('error=vhost "__defaultVhost__" is switched off');
});

test("Present publishers get the new timeouts", () => {
  const stage = new RtmpStage();
  const publisher = stage.publish();
  stage.configure({ publish: { ...vhostDefaults.publish, firstpkt_timeout: 1000 } });
  stage.server.reconfigure();
  stage.clock.advance(3000);
  expect(publisher.state).toBe("closing");
});

test("A changed configuration with the same vhosts has no effect on connections", () => {
  const stage = new RtmpStage();
  const [publisher, player] = [stage.publish(), stage.play()];
  publisher.say(audio);
  player.hear();
  stage.configure({ gop_cache: false });
  for (let i = 0; i < 100; i++) stage.server.reconfigure();
  expect([...publisher.hear(), ...player.hear()]).toEqual([]);
  publisher.say(audio);
  expect(player.hear()).toEqual(["audio@1 0 af01"]);
});

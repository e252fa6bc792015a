import { describe, expect, test } from "bun:test";
import { publishDefaults, RtmpStage } from "../../../support/rtmp-stage.ts";
import { command, commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const sound = (messageStreamId: number, name: string, time = 0) => tag("audio", messageStreamId, time, `af01${name}`);

describe("a connection that publishes", () => {
  test("continues that stream when another publish of it is refused, and mixes nothing of the other into it", () => {
    const stage = new RtmpStage();
    const client = stage.publish();
    const player = stage.play();
    client.say(sound(1, "01"));
    player.hear();
    stage.logged();
    client.say(command("createStream", 4, null), commandOn(2, "publish", 5, null, "show", "live"));
    expect(client.heard.length).toBeGreaterThan(0);
    expect(client.state).toBe("open");
    expect(stage.logged("WARN").join("\n")).toContain("publish refused");
    client.say(sound(2, "ee", 20), sound(1, "02", 40));
    expect(player.hear()).toEqual(["audio@1 40 af0102"]);
  });

  test("may publish on a stream where it was refused before", () => {
    const stage = new RtmpStage();
    const client = stage.publish();
    client.say(command("createStream", 4, null), commandOn(2, "publish", 5, null, "show", "live"));
    const player = stage.play("other");
    client.say(commandOn(2, "publish", 6, null, "other", "live"), sound(2, "0a", 20));
    expect(player.hear().at(-1)).toBe("audio@1 20 af010a");
  });

  test("continues that stream when another publisher replaces it on one of its streams", () => {
    const stage = new RtmpStage().configure({ publish: { ...publishDefaults, on_conflict: "replace" } });
    const client = stage.publish("one");
    client.say(command("createStream", 4, null), commandOn(2, "publish", 5, null, "two", "live"));
    client.say(sound(1, "01"), sound(2, "02"));
    const player = stage.play("two");
    player.hear();
    stage.publish("one");
    client.say(sound(1, "ee", 20), sound(2, "03", 40));
    expect(player.hear()).toEqual(["audio@1 40 af0103"]);
  });
});

import { describe, expect, test } from "bun:test";
import { AmfObject } from "../../../../src/amf/value.ts";
import { parsePreference } from "../../../../src/features/rtmp/preference.ts";
import { MAX_STANDBYS } from "../../../../src/live/source/standbys.ts";
import { publishDefaults, RtmpStage } from "../../../support/rtmp-stage.ts";
import { clientHandshake, command, commandOn, connect, userControl } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

function stageWith(publish: Partial<typeof publishDefaults>): RtmpStage {
  return new RtmpStage().configure({ publish: { ...publishDefaults, ...publish } });
}

const sound = (name: string, time = 0) => tag("audio", 1, time, `af01${name}`);

describe("on_conflict = replace", () => {
  test("lets the second publisher take the stream over: the first gets the reason and is closed, the player stays", () => {
    const stage = stageWith({ on_conflict: "replace" });
    const first = stage.publish();
    const player = stage.play();
    first.say(sound("01", 1000));
    player.hear();
    stage.logged();
    const second = stage.publish();
    expect(first.hear().at(-1)).toContain("onStatus@1 NetStream.Publish.BadName");
    const status = new TextDecoder("latin1").decode(first.heard.at(-1)?.payload);
    expect(status).toContain("/live/show is now published by another connection");
    expect(first.state).toBe("closing");
    second.say(sound("02"));
    expect(player.hear()).toEqual(["audio@1 1040 af0102"]);
    expect(stage.logged("WARN")).toEqual([
      "WARN [c1] publisher replaced addr=10.0.0.9:1 stream=/live/show by=10.0.0.9:3 [c3]",
    ]);
    first.hangUp();
    second.say(sound("03", 40));
    expect(player.hear()).toEqual(["audio@1 1080 af0103"]);
  });

  test("leaves the other streams of a connection that also plays", () => {
    const stage = stageWith({ on_conflict: "replace" });
    const first = stage.publish();
    first.say(command("createStream", 4, null), commandOn(2, "play", 5, null, "other"));
    stage.publish();
    expect(first.hear().join("\n")).toContain("onStatus@1 NetStream.Publish.BadName");
    expect(first.state).toBe("open");
  });
});

describe("on_conflict = standby", () => {
  test("accepts further publishers, and continues with one of them when the first is gone", () => {
    const stage = stageWith({ on_conflict: "standby" });
    const first = stage.publish();
    const player = stage.play();
    const second = stage.publish();
    expect(stage.logged().at(-1)).toBe("INFO [c3] publish started addr=10.0.0.9:3 stream=/live/show standby=true");
    first.say(sound("01"));
    second.say(sound("02"));
    player.hear();
    first.hangUp();
    second.say(sound("03", 40));
    expect(player.hear()).toEqual(["audio@1 40 af0103"]);
    expect(player.state).toBe("open");
  });

  test("refuses one publisher more than may stand by, with the reason", () => {
    const stage = stageWith({ on_conflict: "standby" });
    for (let at = 0; at <= MAX_STANDBYS; at++) expect(stage.publish().state).toBe("open");
    const last = stage.publish();
    expect(last.state).toBe("closing");
    expect(stage.logged("WARN").at(-1)).toContain(
      `error=/live/show is already being published, and ${MAX_STANDBYS} more stand by`,
    );
  });

  test("disconnects a silent standby publisher like any other", () => {
    const stage = stageWith({ on_conflict: "standby" });
    const first = stage.publish();
    const second = stage.publish();
    for (let at = 0; at < 25; at++) {
      first.say(sound("01", at * 1000));
      stage.clock.advance(1000);
    }
    expect([first.state, second.state]).toEqual(["open", "closing"]);
  });
});

test("prefer names the publishers that take the stream back once they are steady, and a reload may change it", () => {
  const stage = stageWith({ on_conflict: "standby", prefer: [{ param: "role=primary" }] });
  const [second, first] = [stage.publish("show?role=second"), stage.publish("show?role=primary")];
  const active = () => [...stage.streams.all()][0]?.source?.info.param;
  let time = 0;
  const run = (seconds: number) => {
    for (let at = 0; at < 10 * seconds; at++) {
      for (const publisher of [first, second]) publisher.say(tag("video", 1, time, "1701000000 65"));
      stage.clock.advance(100);
      time += 100;
    }
  };
  run(9);
  expect(active()).toBe("?role=second");
  run(2);
  expect(active()).toBe("?role=primary");
  stage.configure({ publish: { ...publishDefaults, on_conflict: "standby", prefer: [{ param: "role=second" }] } });
  stage.server.reconfigure();
  run(12);
  expect(active()).toBe("?role=second");
});

test("prefer by address does not apply to what a server publishes on behalf of a client", () => {
  const prefer = [parsePreference("10.0.0.9")];
  const stage = stageWith({ on_conflict: "standby", prefer });
  const preferred = () => [...stage.streams.all()].map(({ source }) => source?.preferred);
  const publish = (stream: string, forClient: boolean) => {
    const client = stage.dial();
    client.say(clientHandshake(), connect({}, AmfObject.of({ srs_for_client: forClient })));
    client.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, stream, "live"));
  };
  publish("own", false);
  publish("other", true);
  expect(preferred()).toEqual([true, false]);
  stage.configure({ publish: { ...publishDefaults, on_conflict: "standby", prefer: [...prefer] } });
  stage.server.reconfigure();
  expect(preferred()).toEqual([true, false]);
});

describe("on_conflict = reject", () => {
  const BUSY = "onStatus@1 NetStream.Publish.BadName";
  const STARTED = "onStatus@1 NetStream.Publish.Start";

  /** A publisher that has sent something, a player, and an encoder that wants the name `afterMs` later. */
  function contended(afterMs: number) {
    const stage = stageWith({ on_conflict: "reject", normal_timeout: 60_000 });
    const first = stage.publish();
    first.say(sound("01", 1000));
    const player = stage.play();
    player.hear();
    stage.clock.advance(afterMs);
    const second = stage.connect();
    const asked = second.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, "show", "live"));
    return { stage, first, player, second, asked };
  }

  test("refuses the second publisher at once while the first sends", () => {
    const { asked, second, first } = contended(200);
    expect(asked.at(-1)).toBe(BUSY);
    expect(second.state).toBe("closing");
    expect(first.hear().join("\n")).not.toContain("PingRequest");
  });

  test("pings a silent first publisher, and refuses the second if it answers or sends anything", () => {
    for (const sign of [userControl(7, 300), sound("02", 1040), command("_checkbw", 9, null)]) {
      const { stage, first, second, asked } = contended(300);
      expect(asked.join("\n")).not.toContain("onStatus");
      expect(first.hear()).toEqual(["PingRequest 300"]);
      stage.clock.advance(900);
      expect(second.hear()).toEqual([]);
      first.say(sign);
      expect(second.hear()).toEqual([BUSY]);
      expect([first.state, second.state]).toEqual(["open", "closing"]);
    }
  });

  describe("while what the first has sent waits to be read", () => {
    /** What an encoder hears that wants the name, when the first then turns out to have said so much. */
    function restarted(...said: Uint8Array[]) {
      const stage = stageWith({ on_conflict: "reject" });
      const first = stage.publish();
      first.say(sound("01", 1000));
      stage.clock.advance(100);
      first.readPaused = true;
      const second = stage.connect();
      const asked = second.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, "show", "live"));
      expect(asked.join("\n")).not.toContain("onStatus");
      expect([first.mergesReads, first.readPaused]).toEqual([false, false]);
      if (said.length > 0) first.say(...said);
      stage.clock.advance(50);
      return { stage, first, second, heard: second.hear() };
    }

    test("lets in an encoder that was restarted: the unpublish of the first is read before", () => {
      const goodbye = command("deleteStream", 5, null, 1);
      const { stage, second, heard } = restarted(sound("02", 1040), sound("03", 1060), goodbye);
      expect(heard.at(-1)).toBe(STARTED);
      const player = stage.play();
      second.say(sound("04"));
      expect(player.hear().at(-1)).toContain("af0104");
    });

    test("lets in an encoder that sends its headers and frames without waiting for the answer, and loses none of them", () => {
      const stage = stageWith({ on_conflict: "reject" });
      const first = stage.publish();
      first.say(sound("01", 1000));
      first.readPaused = true;
      const second = stage.connect();
      const header = tag("video", 1, 0, "1700000000 01");
      second.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, "show", "live"), header);
      second.say(tag("video", 1, 0, "1701000000 65"));
      first.say(command("deleteStream", 5, null, 1));
      expect(second.hear()).toContain(STARTED);
      const player = stage.connect();
      const heard = player.say(commandOn(1, "play", 3, null, "show")).filter((line) => line.startsWith("video"));
      expect(heard).toEqual(["video@1 1040 17000000", "video@1 1040 17010000"]);
    });

    test("refuses the second publisher if the first has sent media", () => {
      const { first, heard, stage } = restarted(sound("02", 1040));
      expect(heard).toEqual([BUSY]);
      expect([first.state, first.mergesReads]).toEqual(["open", true]);
      expect(first.hear().join("\n")).not.toContain("PingRequest");
      stage.clock.advance(2000);
      expect(first.state).toBe("open");
    });

    test("pings the first publisher if it has been silent for long", () => {
      const { stage, first, second, heard } = restarted();
      expect(heard).toEqual([BUSY]);
      first.say(sound("02", 1040));
      stage.clock.advance(300);
      first.readPaused = true;
      const third = stage.connect();
      third.say(command("createStream", 2, null), commandOn(1, "publish", 3, null, "show", "live"));
      stage.clock.advance(50);
      expect(first.hear()).toEqual(["PingRequest 500"]);
      expect(first.mergesReads).toBe(false);
      stage.clock.advance(1000);
      expect(third.hear().at(-1)).toBe(STARTED);
      expect(second.state).toBe("closing");
    });

    test("is read late again when the waiting publisher has left", () => {
      const stage = stageWith({ on_conflict: "reject" });
      const first = stage.publish();
      first.readPaused = true;
      const second = stage.publish();
      expect(first.mergesReads).toBe(false);
      second.hangUp();
      expect(first.mergesReads).toBe(true);
    });
  });

  test("lets an encoder that is back take over from its half-open connection, and players stay", () => {
    const { stage, first, player, second } = contended(300);
    stage.clock.advance(999);
    expect(second.hear()).toEqual([]);
    stage.clock.advance(1);
    expect(second.hear().at(-1)).toBe(STARTED);
    expect(first.hear().at(-1)).toBe(BUSY);
    expect(first.state).toBe("closing");
    second.say(sound("02", 5));
    expect(player.hear()).toEqual(["audio@1 1040 af0102"]);
    expect(stage.logged("WARN")).toEqual([
      "WARN [c1] publisher replaced addr=10.0.0.9:1 stream=/live/show by=10.0.0.9:3 [c3]",
    ]);
  });

  test("waits for as long as the first publisher's longest silence so far", () => {
    const stage = stageWith({ on_conflict: "reject", normal_timeout: 60_000 });
    const first = stage.publish();
    first.say(sound("01", 0));
    stage.clock.advance(5000);
    first.say(sound("02", 5000));
    stage.clock.advance(1000);
    const second = stage.publish();
    stage.clock.advance(3999);
    expect(second.hear()).toEqual([]);
    stage.clock.advance(1);
    expect(second.hear().at(-1)).toBe(STARTED);
  });

  test("gives the name to the waiting publisher when the first ends in any way, but not to one that has left", () => {
    for (const how of ["lost", "unpublished"]) {
      const { first, second, player } = contended(300);
      if (how === "lost") first.hangUp();
      else first.say(command("FCUnpublish", 9, null, "show"));
      expect(second.hear().at(-1)).toBe(STARTED);
      second.say(sound("02", 5));
      expect(player.hear()).toEqual(["audio@1 1040 af0102"]);
    }
    const { stage, first, second } = contended(300);
    second.hangUp();
    expect(stage.logged().join()).toContain("[c3] publish ended before its answer addr=10.0.0.9:3 stream=/live/show");
    stage.clock.advance(5000);
    expect(first.state).toBe("open");
    const third = stage.publish();
    third.say(command("FCUnpublish", 9, null, "show"));
    stage.clock.advance(5000);
    expect([first.state, third.state]).toEqual(["open", "open"]);
  });

  test("refuses at once if the first publisher has sent nothing yet, as firstpkt_timeout applies to it", () => {
    const stage = stageWith({ on_conflict: "reject" });
    stage.publish();
    stage.clock.advance(1000);
    expect(stage.publish().state).toBe("closing");
  });
});

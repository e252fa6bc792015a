import { describe, expect, test } from "bun:test";
import { UserControl } from "../../../../src/rtmp/messages.ts";
import { publishDefaults, RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";
import { clientHandshake, command, commandOn, connect, userControl } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const audio = tag("audio", 1, 0, "af01");
const audioHeader = tag("audio", 1, 0, "af001210");
const data = tag("data", 1, 0, "02000a6f6e54657874446174 61 03 000009");

/** The server looks at its connections about once a second: no timeout is late by more. */
const TICK_MS = 2000;

describe("A publisher that sends nothing", () => {
  test("gets the reason and is disconnected after firstpkt_timeout, even if it sends data", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    for (let ms = 0; ms < 20_000; ms += 1000) {
      publisher.say(data);
      stage.clock.advance(1000);
    }
    expect(publisher.state).toBe("open");
    stage.logged();
    publisher.say(data);
    stage.clock.advance(TICK_MS);
    expect(publisher.hear()).toEqual(["onStatus@1 NetStream.Publish.Idle"]);
    expect(publisher.state).toBe("closing");
    expect(stage.logged()).toEqual([
      "WARN [c1] publisher is silent, connection closed addr=10.0.0.9:1 stream=/live/show " +
        "error=no audio or video within 20000 ms (firstpkt_timeout)",
      expect.stringMatching(/^INFO \[c1\] publish ended, publisher lost .* seconds=\d+ packets=21 bytes=\d+$/),
    ]);
    expect(stage.streams.size).toBe(0);
  });

  test("except sequence headers has firstpkt_timeout for its first frame, and no longer", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const late = stage.publish("late");
    for (const each of [publisher, late]) each.say(audioHeader);
    stage.clock.advance(15_000);
    publisher.say(audio);
    stage.clock.advance(4000);
    expect([publisher.state, late.state]).toEqual(["open", "open"]);
    publisher.say(audio);
    late.say(audioHeader);
    stage.clock.advance(1000 + TICK_MS);
    expect([publisher.state, late.state]).toEqual(["open", "closing"]);
  });

  test("any more is disconnected after normal_timeout, and its players have the grace time", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    for (let ms = 0; ms < 40_000; ms += 4000) {
      publisher.say(audio);
      stage.clock.advance(4000);
    }
    player.hear();
    stage.clock.advance(1000 + TICK_MS);
    expect(publisher.state).toBe("closing");
    expect(stage.logged("WARN")[0]).toContain("error=no audio or video for 5000 ms (normal_timeout)");
    expect(player.hear()).toEqual([]);
    stage.clock.advance(30_000);
    expect(player.hear()).toContain("onStatus@1 NetStream.Play.UnpublishNotify");
  });

  test("makes only a few lines with many others, and is counted", () => {
    const stage = new RtmpStage();
    const silent = Array.from({ length: 30 }, (_, at) => stage.publish(`s${at}`));
    silent[0]?.say(audio);
    stage.clock.advance(20_000 + TICK_MS);
    expect(silent.every(({ state }) => state === "closing")).toBe(true);
    stage.clock.advance(10_000 + TICK_MS);
    const warnings = stage.logged("WARN");
    expect(warnings.filter((line) => line.includes("publisher is silent"))).toHaveLength(11);
    expect(warnings.at(-1)).toBe("WARN more clients refused reason=firstpkt_timeout refused=19");
    expect([...stage.totals().refused]).toEqual([
      ["normal_timeout", 1],
      ["firstpkt_timeout", 29],
    ]);
  });

  test("has the timeouts of its vhost", () => {
    const stage = new RtmpStage();
    const publish = { ...publishDefaults, firstpkt_timeout: 100, normal_timeout: 60_000, grace: 0 };
    stage.vhosts.set("a.com", { ...vhostDefaults, publish });
    const silent = stage.publish("s?vhost=a.com");
    const heard = stage.publish("t?vhost=a.com");
    heard.say(audio);
    stage.clock.advance(TICK_MS);
    expect([silent.state, heard.state]).toEqual(["closing", "open"]);
    stage.clock.advance(58_000);
    expect(heard.state).toBe("open");
    stage.clock.advance(2 * TICK_MS);
    expect(heard.state).toBe("closing");
  });

  test("on one of two streams loses its connection, as an encoder that hangs", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish("one");
    publisher.say(commandOn(2, "publish", 0, null, "two"));
    const said: string[] = [];
    for (let ms = 0; ms <= 22_000 && publisher.state === "open"; ms += 1000) {
      said.push(...publisher.say(tag("audio", 2, 0, "af01")));
      stage.clock.advance(1000);
    }
    said.push(...publisher.hear());
    expect(said.at(-1)).toBe("onStatus@1 NetStream.Publish.Idle");
    expect(stage.streams.size).toBe(0);
  });
});

describe("A closing connection", () => {
  test("may take its last bytes, however old it is", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    for (let ms = 0; ms < 60_000; ms += 1000) {
      publisher.say(audio);
      stage.clock.advance(1000);
    }
    publisher.sink.stall();
    stage.clock.advance(5000 + TICK_MS);
    expect(publisher.state).toBe("closing");
    expect(stage.logged("WARN")).toHaveLength(1);
    stage.clock.advance(60_000);
    expect(publisher.state).toBe("closing");
    expect(stage.logged()).toEqual([]);
    publisher.sink.drain();
    expect(publisher.hear()).toEqual(["onStatus@1 NetStream.Publish.Idle"]);
  });
});

describe("A client that does not connect", () => {
  test.each([
    ["says nothing", new Uint8Array(0)],
    ["shakes hands by the byte", Uint8Array.of(3)],
    ["stops after the handshake", clientHandshake()],
  ])("and %s is dropped after 30 s", (_name, bytes) => {
    const stage = new RtmpStage();
    const client = stage.dial();
    for (let ms = 0; ms < 30_000; ms += 1000) {
      if (ms === 0 || bytes.length === 1) client.say(bytes);
      stage.clock.advance(1000);
    }
    expect(client.state).toBe("open");
    stage.clock.advance(TICK_MS);
    expect(client.state).toBe("aborted");
    expect(stage.logged()).toEqual([
      "DEBUG [c1] accepted addr=10.0.0.9:1",
      "WARN [c1] connection closed addr=10.0.0.9:1 error=no RTMP connect in time",
      expect.stringMatching(/^DEBUG \[c1\] closed before connect addr=10.0.0.9:1 seconds=\d+ received=\d+ sent=\d+$/),
    ]);
    expect(stage.server.idle).toBe(true);
  });
});

describe("A client that has sent nothing for a minute", () => {
  test("is pinged once, and again a minute after its answer", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    stage.clock.advance(60_000);
    expect(player.hear()).toEqual([]);
    stage.clock.advance(TICK_MS);
    expect(player.hear()).toEqual([expect.stringMatching(/^PingRequest 6[0-2]\d{3}$/)]);
    stage.clock.advance(58_000);
    expect(player.say(userControl(UserControl.PingResponse, 60_500))).toEqual([]);
    stage.clock.advance(60_000);
    expect(player.hear()).toEqual([]);
    stage.clock.advance(TICK_MS);
    expect(player.hear()).toEqual([expect.stringMatching(/^PingRequest 18\d{4}$/)]);
    stage.clock.advance(60_000 - TICK_MS);
    expect(player.state).toBe("open");
    stage.clock.advance(2 * TICK_MS);
    expect(player.state).toBe("aborted");
    expect(stage.logged("WARN")).toEqual(["WARN [c1] connection closed addr=10.0.0.9:1 error=does not answer"]);
  });

  test("need not answer while it takes what it plays", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    const publisher = stage.publish();
    for (let ms = 0; ms < 600_000; ms += 4000) {
      publisher.say(audio);
      stage.clock.advance(4000);
    }
    expect(player.state).toBe("open");
  });
});

describe("A client that neither publishes nor plays", () => {
  test("is disconnected after three minutes, even if it answers pings", () => {
    const stage = new RtmpStage();
    const idle = stage.dial();
    idle.say(clientHandshake(), connect(), command("createStream", 2, null));
    for (let ms = 0; ms < 180_000; ms += 1000) {
      if (ms % 30_000 === 0) idle.say(userControl(UserControl.PingResponse, ms));
      stage.clock.advance(1000);
    }
    expect(idle.state).toBe("open");
    stage.clock.advance(TICK_MS);
    expect(idle.state).toBe("closing");
    expect(idle.hear()).toContain("onStatus NetConnection.Connect.IdleTimeOut");
    expect(stage.logged("WARN")).toEqual([
      "WARN [c1] connection closed addr=10.0.0.9:1 error=neither publishes nor plays for 180000 ms (idle_timeout)",
    ]);
  });

  test("has three minutes again after each stream", () => {
    const stage = new RtmpStage();
    const client = stage.publish();
    for (let ms = 0; ms < 300_000; ms += 4000) {
      client.say(audio);
      stage.clock.advance(4000);
    }
    client.say(commandOn(1, "closeStream", 0, null));
    for (let ms = 0; ms < 150_000; ms += 30_000) {
      client.say(userControl(UserControl.PingResponse, ms));
      stage.clock.advance(30_000);
    }
    expect(client.state).toBe("open");
  });
});

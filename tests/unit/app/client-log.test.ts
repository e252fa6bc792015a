import { expect, test } from "bun:test";
import { logClients } from "../../../src/app/client-log.ts";
import { brief, HttpStage } from "../../support/http-stage.ts";
import { RtmpStage } from "../../support/rtmp-stage.ts";
import { tag } from "../../support/tags.ts";

test("each client's lines say who it is, what it did and with what result", () => {
  const stage = new RtmpStage();
  const player = stage.play();
  const publisher = stage.publish();
  publisher.say(tag("audio", 1, 0, "af01"));
  stage.clock.advance(2000);
  publisher.hangUp("reset");
  player.hangUp();
  expect(stage.logged().map((line) => line.replace(/received=\d+ sent=\d+/, "RECEIVED SENT"))).toEqual([
    "DEBUG [c1] accepted addr=10.0.0.9:1",
    "INFO [c1] connected addr=10.0.0.9:1 url=rtmp://localhost/live",
    "INFO [c1] play started addr=10.0.0.9:1 stream=/live/show waiting=true",
    "DEBUG [c2] accepted addr=10.0.0.9:2",
    "INFO [c2] connected addr=10.0.0.9:2 url=rtmp://localhost/live",
    "INFO [c2] publish started addr=10.0.0.9:2 stream=/live/show",
    "INFO [c2] publish ended, publisher lost addr=10.0.0.9:2 stream=/live/show seconds=2 packets=1 bytes=2",
    "INFO [c2] disconnected addr=10.0.0.9:2 seconds=2 RECEIVED SENT reason=reset",
    expect.stringMatching(/^INFO \[c1\] play ended addr=10\.0\.0\.9:1 stream=\/live\/show bytes=[1-9]\d* lost=0$/),
    "INFO [c1] disconnected addr=10.0.0.9:1 seconds=2 RECEIVED SENT",
  ]);
});

test("a client that leaves before its connect request is not logged", () => {
  const stage = new RtmpStage();
  stage.dial().hangUp();
  expect(stage.logged()).toEqual([
    "DEBUG [c1] accepted addr=10.0.0.9:1",
    "DEBUG [c1] closed before connect addr=10.0.0.9:1 seconds=0 received=0 sent=0",
  ]);
});

test("a request over HTTP is not logged, but the start of watching is", () => {
  const stage = new HttpStage({
    "/live/show.flv": (exchange) => exchange.stream({ type: "video/x-flv" }, { drained: () => {}, gone: () => {} }),
  });
  stage.clients.observe(logClients(stage.clock, stage.log));
  const end = stage.dial();
  expect(brief(end.get("/healthz"))[0]).toBe("200");
  expect(stage.log.take(/info|warn/)).toEqual([]);
  end.get("/live/show.flv?vhost=a", "User-Agent: player");
  expect(stage.log.take(/info/)).toEqual([
    "info c1 connected addr=10.0.0.9:40000 url=http://live.example/live/*** client=player",
  ]);
  end.hangUp();
  expect(stage.log.take(/info disconnected|info c1 disconnected/)).toHaveLength(1);
  stage.dial().hangUp();
  expect(stage.log.take(/debug c2 closed/)).toHaveLength(1);
});

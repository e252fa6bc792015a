import { describe, expect, test } from "bun:test";
import { BitrateWatch } from "../../../../src/features/rtmp/bitrate.ts";
import { RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";
import { tag } from "../../../support/tags.ts";

/** What is found at each second for these bytes in each. */
function looks(limit: number, ...seconds: readonly number[]) {
  const watch = new BitrateWatch();
  let total = 0;
  return seconds.map((bytes) => {
    total += bytes;
    return watch.look(total, limit);
  });
}

const none = (count: number) => Array(count).fill(undefined);

describe("A publisher's bitrate", () => {
  test("is over the limit whenever ten seconds have more than ten seconds of it", () => {
    // 1000 kbit/s are 125,000 bytes in a second.
    expect(looks(1000, ...Array(30).fill(125_000))).toEqual(none(30));
    expect(looks(1000, ...Array(10).fill(126_000))).toEqual([...none(9), 1008]);
    expect(looks(1000, 1_300_000)).toEqual([1040]);
    expect(looks(1000, 1_200_000, ...Array(20).fill(0), 1_200_000)).toEqual(none(22));
  });

  test("is reported once each time that it exceeds the limit", () => {
    const told = looks(1000, ...Array(20).fill(200_000), ...Array(20).fill(0), ...Array(20).fill(200_000));
    expect(told.flatMap((kbps, at) => (kbps === undefined ? [] : [at]))).toEqual([6, 46]);
  });

  test("that hovers around the limit is reported once", () => {
    const hovering = Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? 140_000 : 111_000));
    expect(looks(1000, ...hovering).filter((kbps) => kbps !== undefined)).toHaveLength(1);
  });

  test("may be any value without a limit", () => expect(looks(0, 1e9, 1e9)).toEqual(none(2)));
});

const MANY = tag("audio", 1, 0, "af01".repeat(5000));

test.each(["disconnect", "warn"] as const)("a publisher that sends too much gets the reason by %s", (onExcess) => {
  const stage = new RtmpStage();
  stage.configure({ limits: { ...vhostDefaults.limits, max_publish_kbps: 8, on_excess: onExcess } });
  const publisher = stage.publish();
  publisher.hear();
  publisher.say(MANY);
  stage.clock.advance(1000);
  stage.logged();
  publisher.say(MANY);
  stage.clock.advance(1000);
  const line = "publisher sends too much";
  const reason = "addr=10.0.0.9:1 stream=/live/show error=16 kbit/s over ten seconds, 8 allowed (max_publish_kbps)";
  if (onExcess === "warn") {
    expect(publisher.hear()).toEqual([]);
    expect(publisher.state).toBe("open");
    expect(stage.logged("WARN")).toEqual([`WARN [c1] ${line} ${reason}`]);
  } else {
    expect(publisher.hear()).toEqual(["onStatus@1 NetStream.Publish.Denied"]);
    expect(publisher.state).toBe("closing");
    expect(stage.logged("WARN")).toEqual([`WARN [c1] ${line}, connection closed ${reason}`]);
    expect([...stage.totals().refused]).toEqual([["max_publish_kbps", 1]]);
  }
});

import { describe, expect, test } from "bun:test";
import type { StreamConfig } from "../../../src/live/config.ts";
import { LiveStage, streamDefaults } from "../../support/live.ts";

function running(config: Partial<StreamConfig> = {}) {
  const stage = new LiveStage(config);
  const feed = stage.publish().headers().gop("k", 2);
  const configure = (change: Partial<StreamConfig>) =>
    stage.streams.configure("__defaultVhost__", { ...streamDefaults, ...config, ...change });
  return { stage, feed, configure, stream: stage.stream() };
}

describe("a stream whose configuration changes", () => {
  test("keeps its readers, which miss nothing", () => {
    const { stage, feed, configure } = running({ mw_latency: 350 });
    const viewer = stage.view();
    viewer.news();
    for (const mw_latency of [0, 350, "auto", 1000] as const) {
      feed.inter(`before ${mw_latency}`).wait(5);
      configure({ mw_latency, gop_cache: mw_latency === 0, queue_length: 5 });
      feed.inter(`after ${mw_latency}`).wait(1000);
    }
    const names = [0, 350, "auto", 1000].flatMap((latency) => [`before ${latency}`, `after ${latency}`]);
    expect(viewer.news()).toEqual(names);
    expect(viewer.lost).toBe(0);
  });

  test("writes by the new latency from then on", () => {
    const { stage, feed, configure } = running({ mw_latency: 5000 });
    const viewer = stage.view();
    feed.inter("first").wait(1).inter("second").wait(1);
    viewer.news();
    configure({ mw_latency: 0 });
    expect(viewer.news()).toEqual(["second"]);
    feed.inter("third").wait(1);
    expect(viewer.news()).toEqual(["third"]);
  });

  test("drops its GOP when gop_cache is switched off, and gives the next one to new readers when it is switched on", () => {
    const { stage, feed, configure, stream } = running();
    configure({ gop_cache: false });
    expect(stream.log.bytes).toBe(0);
    expect(stage.view().log).toEqual([]);
    configure({ gop_cache: true });
    feed.gop("K", 1);
    expect(stage.view().log).toEqual(["A0", "V0", "K", "K+1"]);
  });

  test("keeps GOPs within the new caps", () => {
    const { stage, feed, configure } = running();
    configure({ gop_cache_max_frames: 2 });
    feed.gop("K", 5);
    expect(stage.view().log).toEqual([]);
    configure({ gop_cache_max_frames: 100 });
    feed.gop("L", 5);
    expect(stage.view().log.at(2)).toBe("L");
  });

  test("keeps no more for a slow reader than the new queue limits allow", () => {
    const { stage, feed, configure, stream } = running({ gop_cache: false });
    const viewer = stage.view();
    viewer.sink.stall();
    for (let gop = 0; gop < 20; gop++) feed.gop(`g${gop}`, 24, 1000);
    const held = stream.log.bytes;
    configure({ queue_length: 2 });
    expect(stream.log.bytes).toBeLessThan(held / 4);
    configure({ queue_length: 3600, queue_max_bytes: 10_000 });
    feed.gop("last", 1);
    viewer.sink.drain();
    expect(viewer.lost).toBeGreaterThan(400);
  });

  test("gives a lost publisher the new grace time", () => {
    const { stage, feed, configure } = running({ grace: 30 });
    const viewer = stage.view();
    configure({ grace: 1 });
    feed.end("lost");
    viewer.news();
    stage.clock.advance(1001);
    expect(viewer.news()).toEqual(["unpublished"]);
  });

  test("corrects timestamps by the new time_jitter, and changes no earlier time", () => {
    const { stage, feed, configure } = running();
    const viewer = stage.view();
    const at = (name: string) => viewer.got.find((got) => got.name === name)?.time ?? Number.NaN;
    feed.time += 100_000;
    feed.key("bridged").wait(40);
    expect(at("bridged")).toBeLessThan(1000);
    configure({ time_jitter: "off" });
    feed.time += 100_000;
    feed.key("jumped").wait(40);
    expect(at("jumped") - at("bridged")).toBe(100_040);
  });

  test("is in the changed vhost; streams of others are left alone", () => {
    const { stage, configure } = running();
    const other = stage.streams.open({ vhost: "__defaultVhost__2", app: "live", stream: "show" }, streamDefaults);
    configure({ grace: 7 });
    expect([stage.stream().config.grace, other.config.grace]).toEqual([7, 30]);
  });
});

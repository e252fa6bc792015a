import { expect, spyOn, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import * as keys from "../../../../src/features/hls/segment-keys.ts";
import { StreamParts } from "../../../../src/features/hls/stream-parts.ts";
import { Stream } from "../../../../src/live/stream.ts";
import { HlsStage, type HlsStageOptions } from "../../../support/hls-stage.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../../../support/ts-media.ts";

/** Publishes 12 s with a key frame each 2 s; how often a stream was tapped, parts were listed, and something was encrypted. */
function countsOf(config: HlsStageOptions["config"]) {
  const tap = spyOn(Stream.prototype, "tap");
  const parts = spyOn(StreamParts.prototype, "add");
  const encrypted = spyOn(keys, "encryptedSegment");
  try {
    const stage = new HlsStage({ config: { ...config }, context: { formats: hlsFormats } });
    const timers = stage.live.clock.timers;
    const feed = stage.live.publish("show");
    for (const { kind, payload } of [avcHeader(), aacHeader]) feed.send(kind, payload);
    for (let at = 0; at < 60; at++) {
      const key = at % 10 === 0;
      for (const frame of [avcFrame(0, 0, key, [unit(key ? 5 : 1, 60)]), aacFrame(0, unit(0x21, 40, at))])
        feed.send(frame.kind, frame.payload);
      feed.wait(200);
    }
    const { hls_bytes } = stage.hls.report().now ?? {};
    const counts = {
      taps: tap.mock.calls.length,
      parts: parts.mock.calls.length,
      encrypted: encrypted.mock.calls.length,
    };
    return { ...counts, bytes: hls_bytes, timers: stage.live.clock.timers - timers };
  } finally {
    for (const spy of [tap, parts, encrypted]) spy.mockRestore();
  }
}

test("a stream without HLS has no reader, and one with HLS has parts, renditions and keys only if they are configured", () => {
  const off = countsOf({ enabled: false });
  expect(off).toMatchObject({ taps: 0, parts: 0, encrypted: 0, bytes: undefined });
  const whole = countsOf({ hls_format: "fmp4" });
  expect(whole).toMatchObject({ taps: 1, parts: 0, encrypted: 0 });
  // Nobody waits for parts: no timer looks after them.
  expect(whole.timers).toBe(off.timers);
  const low = countsOf({ hls_low_latency: true });
  expect([low.taps, low.encrypted, low.parts > 20]).toEqual([1, 0, true]);
  expect(countsOf({ hls_low_latency: true, hls_keys: true }).encrypted).toBeGreaterThan(3);
});

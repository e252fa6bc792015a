import { expect, test } from "bun:test";
import { hlsFormats } from "../../src/features/hls/formats.ts";
import { HlsStage, urisOf } from "../support/hls-stage.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../support/ts-media.ts";

const EXTRA = 1024 * 1024;
/** When the window and the segments behind it are full, and how long memory is watched then; s. */
const FULL = 40;
const WATCHED = 30;

/** The bytes of all segments of a playlist. Their buffers have no others. */
function listedBytes(stage: HlsStage): number {
  const bodies = urisOf(stage.get("/live/show.m3u8").text).map((uri) => {
    const { body } = stage.get(`/live/${uri}`).answer ?? {};
    return body instanceof Uint8Array ? body : new Uint8Array(0);
  });
  for (const { length, buffer } of bodies) expect(buffer.byteLength).toBe(length);
  return bodies.reduce((sum, { length }) => sum + length, 0);
}

/** The most that a stream's HLS ever holds beyond 1.5 times the bytes of its playlist's segments. `gop`: distance of key frames, s. */
function mostBeside(
  kbps: number,
  hls_fragment: number,
  hls_window: number,
  gop: number,
  hls_format: "ts" | "fmp4" = "ts",
): number {
  const stage = new HlsStage({
    config: { hls_format, hls_fragment, hls_window, hls_ctx: false },
    context: { formats: hlsFormats },
  });
  const feed = stage.live.publish("show");
  for (const { kind, payload } of [avcHeader(), aacHeader]) feed.send(kind, payload);
  // Frames are long and short in turn, so that segments are, too.
  const size = (frame: number) => Math.ceil((kbps * 125 * (1 + (frame % 7))) / 4 / 10);
  let most = Number.NEGATIVE_INFINITY;
  for (let frame = 0; frame < 10 * (FULL + WATCHED); frame++) {
    const { kind, payload } = avcFrame(0, 0, frame % (10 * gop) === 0, [unit(5, size(frame))]);
    feed
      .send(kind, payload)
      .send(aacHeader.kind, aacFrame(0, new Uint8Array(100)).payload)
      .wait(100);
    const held = stage.hls.report().now?.hls_bytes ?? 0;
    if (frame >= 10 * FULL && frame % 5 === 0) most = Math.max(most, held - 1.5 * listedBytes(stage));
  }
  expect(most).toBeGreaterThan(Number.NEGATIVE_INFINITY);
  return most;
}

test.each([
  ["ts", 200, 2, 24, 2],
  ["ts", 1000, 2, 24, 2],
  ["ts", 1000, 2, 24, 3],
  ["ts", 8000, 2, 12, 1],
  ["ts", 20_000, 1, 3, 1],
  ["fmp4", 1000, 2, 24, 3],
  ["fmp4", 8000, 2, 12, 1],
] as const)(
  "memory of %s of %d kbps, segments of %d s in a window of %d s, a key frame each %d s: 1.5 windows and a megabyte",
  (format, kbps, fragment, window, gop) => {
    expect(mostBeside(kbps, fragment, window, gop, format)).toBeLessThanOrEqual(EXTRA);
  },
);

test("where slots have no key frame, two segments of up to two slots grow at a time, which is two segments more", () => {
  expect(mostBeside(8000, 2, 12, 60)).toBeLessThanOrEqual(EXTRA + 2 * 2_100_000);
});

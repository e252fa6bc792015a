import { expect, test } from "bun:test";
import type { MediaPlaylist } from "../../../../src/loadgen/hls/media-playlist.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import { reloadOf, withDirectives } from "../../../../src/loadgen/hls/reload.ts";

function list(control: string, parts: number): MediaPlaylist {
  const head = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:7"];
  const part = '#EXT-X-PART:DURATION=0.3,URI="p"';
  const lines = [...head, control, "#EXT-X-PART-INF:PART-TARGET=0.3", "#EXTINF:2,", "7.m4s"];
  return readPlaylist([...lines, ...new Array<string>(parts).fill(part)].join("\n")) as MediaPlaylist;
}

const BLOCKS = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.9";

test("with a server that blocks requests, the next part is requested at once, and a delta if possible", () => {
  const now = list(BLOCKS, 2);
  expect(reloadOf(now, list(BLOCKS, 1))).toEqual({ afterMs: 10, directives: "_HLS_msn=8&_HLS_part=2", waitMs: 6000 });
  expect(reloadOf(list(`${BLOCKS},CAN-SKIP-UNTIL=12`, 0), undefined).directives).toBe(
    "_HLS_msn=8&_HLS_part=0&_HLS_skip=YES",
  );
});

test("a server that does not block, although it says so, is not asked in a loop", () => {
  expect(reloadOf(list(BLOCKS, 2), list(BLOCKS, 2)).afterMs).toBe(1000);
});

test("otherwise the playlist is requested after a target duration, or half of one if it has not changed", () => {
  const [now, other] = [list("", 0), list("", 0)];
  expect(reloadOf(now, undefined)).toEqual({ afterMs: 2000, directives: "", waitMs: 0 });
  expect(reloadOf(now, other).afterMs).toBe(1000);
});

test("a target duration of almost nothing does not make a loop", () => {
  expect(reloadOf({ ...list("", 0), targetDurationMs: 0.001 }, undefined).afterMs).toBe(250);
  expect(reloadOf({ ...list(BLOCKS, 2), targetDurationMs: 0.001 }, list(BLOCKS, 2)).afterMs).toBe(250);
});

test("an endless target duration is not waited for without limit", () => {
  const endless = { ...list(BLOCKS, 2), targetDurationMs: 1e18 };
  expect(reloadOf(endless, undefined).waitMs).toBe(60_000);
  expect(reloadOf({ ...endless, blocks: false }, undefined).afterMs).toBe(3_600_000);
});

test("directives are added to a URL's other parameters, and replace other directives", () => {
  const url = new URL("http://a/live/x.m3u8?hls_ctx=1&_HLS_msn=3&k=a%20b&_HLS_skip=YES");
  expect(withDirectives(url, "_HLS_msn=4").href).toBe("http://a/live/x.m3u8?hls_ctx=1&k=a%20b&_HLS_msn=4");
  expect(withDirectives(url, "").href).toBe("http://a/live/x.m3u8?hls_ctx=1&k=a%20b");
});

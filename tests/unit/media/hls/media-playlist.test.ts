import { expect, test } from "bun:test";
import { type PlaylistEntry, renderMediaPlaylist } from "../../../../src/media/hls/media-playlist.ts";
import { renderMultivariantPlaylist } from "../../../../src/media/hls/multivariant-playlist.ts";

const DATE = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function entry(number: number, more: Partial<PlaylistEntry> = {}): PlaylistEntry {
  const own = { uri: `show/x-${number}.ts`, durationMs: 2000, dateMs: DATE + number * 2000 };
  return { ...own, discontinuity: false, independent: true, gap: false, map: undefined, ...more };
}

test("a live playlist has the date and the exact duration of each segment", () => {
  const text = renderMediaPlaylist({
    targetSeconds: 4,
    sequence: 850,
    discontinuitySequence: 0,
    entries: [entry(0), entry(1, { durationMs: 1041 }), entry(2, { durationMs: 7 })],
    ended: false,
  });
  expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:850
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z
#EXTINF:2.000,
show/x-0.ts
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.678Z
#EXTINF:1.041,
show/x-1.ts
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.678Z
#EXTINF:0.007,
show/x-2.ts
`);
});

test("keys apply up to the next one, and init segments are not encrypted", () => {
  const text = renderMediaPlaylist({
    targetSeconds: 4,
    sequence: 1,
    discontinuitySequence: 0,
    entries: [
      entry(0, { map: "x-1.mp4", key: "x-1.key" }),
      entry(1, { gap: true, map: undefined }),
      entry(2, { map: "x-1.mp4", key: "x-1.key" }),
      entry(3, { map: "x-2.mp4", key: "x-1.key" }),
      entry(4, { map: "x-2.mp4", key: "x-2.key" }),
      entry(5, { map: "x-2.mp4" }),
    ],
    ended: false,
  });
  const lines = text.split("\n").filter((line) => /^(#EXT-X-(KEY|MAP|GAP)|show)/.test(line));
  expect(lines).toEqual([
    '#EXT-X-MAP:URI="x-1.mp4"',
    '#EXT-X-KEY:METHOD=AES-128,URI="x-1.key"',
    "show/x-0.ts",
    "#EXT-X-GAP",
    "show/x-1.ts",
    "show/x-2.ts",
    "#EXT-X-KEY:METHOD=NONE",
    '#EXT-X-MAP:URI="x-2.mp4"',
    '#EXT-X-KEY:METHOD=AES-128,URI="x-1.key"',
    "show/x-3.ts",
    '#EXT-X-KEY:METHOD=AES-128,URI="x-2.key"',
    "show/x-4.ts",
    "#EXT-X-KEY:METHOD=NONE",
    "show/x-5.ts",
  ]);
});

test("discontinuities, gaps, segments without a key frame and the end are listed", () => {
  const text = renderMediaPlaylist({
    targetSeconds: 4,
    sequence: 1,
    discontinuitySequence: 12,
    entries: [entry(0, { independent: false }), entry(1, { gap: true }), entry(2, { discontinuity: true })],
    ended: true,
  });
  expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-DISCONTINUITY-SEQUENCE:12
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z
#EXTINF:2.000,
show/x-0.ts
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.678Z
#EXT-X-GAP
#EXTINF:2.000,
show/x-1.ts
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.678Z
#EXTINF:2.000,
show/x-2.ts
#EXT-X-ENDLIST
`);
});

test("an init segment is listed where it changes, and again after a discontinuity", () => {
  const text = renderMediaPlaylist({
    targetSeconds: 4,
    sequence: 1,
    discontinuitySequence: 0,
    entries: [
      entry(0, { map: "show/a.mp4" }),
      entry(1, { map: "show/a.mp4" }),
      entry(2, { map: "show/b.mp4" }),
      entry(3, { map: "show/b.mp4", discontinuity: true }),
    ],
    ended: false,
  });
  const lines = text.split("\n").filter((line) => /VERSION|MAP|DISCONTINUITY|^show/.test(line));
  expect(lines).toEqual([
    "#EXT-X-VERSION:6",
    '#EXT-X-MAP:URI="show/a.mp4"',
    "show/x-0.ts",
    "show/x-1.ts",
    '#EXT-X-MAP:URI="show/b.mp4"',
    "show/x-2.ts",
    "#EXT-X-DISCONTINUITY",
    '#EXT-X-MAP:URI="show/b.mp4"',
    "show/x-3.ts",
  ]);
});

test("a multivariant playlist has the known attributes of the variant", () => {
  const known = {
    bandwidth: 900_000,
    averageBandwidth: 800_000,
    codecs: ["avc1.64001f", "mp4a.40.2"],
    resolution: { width: 1280, height: 720 },
    frameRate: 30_000 / 1001,
    independent: true,
    places: [{ uri: "show.m3u8?hls_ctx=1" }],
  };
  expect(renderMultivariantPlaylist([known])).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=800000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970
show.m3u8?hls_ctx=1
`);
  const unknown = { ...known, codecs: [], resolution: undefined, frameRate: undefined, independent: false };
  expect(renderMultivariantPlaylist([unknown])).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=800000
show.m3u8?hls_ctx=1
`);
});

test("a multivariant playlist lists the same variant at several servers, and the address of the steering manifest", () => {
  const places = [
    { uri: "show.m3u8", pathway: "a-1" },
    { uri: "http://b:2/show.m3u8", pathway: "b-2" },
  ];
  const rates = { bandwidth: 9, averageBandwidth: 8, codecs: [], resolution: undefined, frameRate: undefined };
  const variant = { ...rates, independent: false, places };
  expect(renderMultivariantPlaylist([variant], "/steering?stream=show")).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-CONTENT-STEERING:SERVER-URI="/steering?stream=show",PATHWAY-ID="a-1"
#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,PATHWAY-ID="a-1"
show.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,PATHWAY-ID="b-2"
http://b:2/show.m3u8
`);
});

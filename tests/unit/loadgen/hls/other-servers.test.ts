import { describe, expect, test } from "bun:test";
import type { MediaPlaylist } from "../../../../src/loadgen/hls/media-playlist.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import { livePosition } from "../../../../src/loadgen/hls/playlist-positions.ts";

// Playlists as these servers write them, shortened.
const playlists = {
  srs: `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:54
#EXT-X-TARGETDURATION:12
#EXT-X-DISCONTINUITY
#EXTINF:10.027, no desc
livestream-54.ts?hls_ctx=1p095hq0
#EXTINF:10.000, no desc
livestream-55.ts?hls_ctx=1p095hq0
#EXTINF:11.120, no desc
livestream-56.ts?hls_ctx=1p095hq0
`,
  "SRS with keys": `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:5
#EXT-X-TARGETDURATION:10
#EXT-X-KEY:METHOD=AES-128,URI="livestream-5.key",IV=0xb6ac3e2c1a3a2b8e4ccd2fb5df9d1d55
#EXTINF:10.000, no desc
livestream-5.ts
#EXTINF:10.000, no desc
livestream-6.ts
`,
  "SRS in fragmented MP4": `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA-SEQUENCE:8
#EXT-X-TARGETDURATION:10
#EXT-X-MAP:URI="livestream/init.mp4"
#EXTINF:9.960, no desc
livestream-8.m4s
`,
  "nginx-rtmp": `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:5
#EXT-X-KEY:METHOD=AES-128,URI="show-0.key",IV=0x00000000000000000000000000000000
#EXTINF:5.000,
show-0.ts
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=AES-128,URI="show-1.key",IV=0x00000000000000000000000000000001
#EXTINF:4.981,
show-1.ts
`,
  FFmpeg: `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init.mp4"
#EXT-X-BITRATE:600
#EXTINF:2.000000,
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.600+0000
show0.m4s
#EXTINF:2.000000,
show1.m4s
#EXT-X-ENDLIST
`,
  MediaMTX: `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.50000,CAN-SKIP-UNTIL=6.00000
#EXT-X-PART-INF:PART-TARGET=0.20000
#EXT-X-MEDIA-SEQUENCE:9
#EXT-X-MAP:URI="7c5b_main_init.mp4"

#EXT-X-GAP
#EXTINF:1.00000,
gap.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.6Z
#EXT-X-PART:DURATION=0.20000,URI="7c5b_main_part44.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI="7c5b_main_part45.mp4"
#EXTINF:0.40000,
7c5b_main_seg10.mp4
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="7c5b_main_part46.mp4"
`,
} as const;

function media(name: keyof typeof playlists): MediaPlaylist {
  const list = readPlaylist(playlists[name]);
  if (list.kind !== "media") throw new Error("of variants");
  return list;
}

describe("a playlist is read as its server means it:", () => {
  test("SRS's, whose durations have a comment and whose segments have a session", () => {
    expect(media("srs")).toMatchObject({ mediaSequence: 54, targetDurationMs: 12_000, blocks: false });
    expect(media("srs").segments.map(({ uri, durationMs, discontinuity }) => [uri, durationMs, discontinuity])).toEqual(
      [
        ["livestream-54.ts?hls_ctx=1p095hq0", 10_027, true],
        ["livestream-55.ts?hls_ctx=1p095hq0", 10_000, false],
        ["livestream-56.ts?hls_ctx=1p095hq0", 11_120, false],
      ],
    );
  });

  test("SRS's with keys, each for several segments and with a vector", () => {
    const key = { uri: "livestream-5.key", iv: "b6ac3e2c1a3a2b8e4ccd2fb5df9d1d55" };
    expect(media("SRS with keys").segments.map((segment) => segment.key)).toEqual([key, key]);
  });

  test("SRS's in fragmented MP4, with one init segment", () => {
    expect(media("SRS in fragmented MP4").segments[0]).toMatchObject({ map: "livestream/init.mp4", key: undefined });
  });

  test("nginx-rtmp's, with a key for each segment", () => {
    const { segments } = media("nginx-rtmp");
    expect(segments.map(({ key, discontinuity }) => [key?.uri, key?.iv?.slice(-2), discontinuity])).toEqual([
      ["show-0.key", "00", false],
      ["show-1.key", "01", true],
    ]);
  });

  test("FFmpeg's, whose dates are behind the duration, and which ends", () => {
    const { segments, ended } = media("FFmpeg");
    const date = Date.UTC(2026, 0, 2, 3, 4, 5, 600);
    expect([segments.map(({ dateMs, map }) => [dateMs, map]), ended]).toEqual([
      [
        [date, "init.mp4"],
        [date + 2000, "init.mp4"],
      ],
      true,
    ]);
  });

  test("MediaMTX's of low latency, which begins with gaps", () => {
    const list = media("MediaMTX");
    expect(list).toMatchObject({ blocks: true, hint: "7c5b_main_part46.mp4", skipUntilMs: 6000 });
    expect(list.segments.map(({ gap, parts }) => [gap, parts.length])).toEqual([
      [true, 0],
      [false, 2],
    ]);
    // Half a second before the end is in the gap, behind which a key frame follows.
    expect(livePosition(list)).toMatchObject({ sequence: 9, part: 0 });
  });

  test("SRS's playlist of one variant, with the viewer's session", () => {
    const text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n/live/livestream.m3u8?hls_ctx=1p095hq0\n";
    expect(readPlaylist(text)).toMatchObject({
      kind: "multivariant",
      variants: [{ uri: expect.stringMatching(/=1p095hq0$/) }],
    });
  });
});

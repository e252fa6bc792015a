import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { endOf, readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";

const live = `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:2680
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:3.96,a title, with a comma
fileSequence2680.ts
#EXT-X-DISCONTINUITY
#EXTINF:4,
# a comment

https://cdn.example/fileSequence2681.ts?k=1
`;

test("a live playlist's segments have numbers, durations and discontinuities", () => {
  const list = readPlaylist(live.replaceAll("\n", "\r\n"));
  expect(list).toEqual({
    kind: "media",
    targetDurationMs: 4000,
    mediaSequence: 2680,
    ended: false,
    segments: [
      { uri: "fileSequence2680.ts", sequence: 2680, durationMs: 3960, discontinuity: false },
      { uri: "https://cdn.example/fileSequence2681.ts?k=1", sequence: 2681, durationMs: 4000, discontinuity: true },
    ],
  });
  expect(list.kind === "media" && endOf(list)).toBe(2682);
  expect(readPlaylist(`${live}#EXT-X-ENDLIST`)).toMatchObject({ ended: true });
});

test("of a playlist of variants, the first is taken", () => {
  const text =
    "\uFEFF#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\n# low\nlow/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8";
  expect(readPlaylist(text)).toEqual({ kind: "multivariant", uri: "low/index.m3u8" });
});

describe("no playlist is", () => {
  test.each([
    ["nothing", "", "a playlist begins with #EXTM3U, this answer does not"],
    ["a page", "<html>", "a playlist begins with #EXTM3U, this answer does not"],
    ["one without a target duration", "#EXTM3U\n", "the playlist has no EXT-X-TARGETDURATION"],
    [
      "one with a number that is none",
      "#EXTM3U\n#EXT-X-TARGETDURATION:two",
      "the playlist's EXT-X-TARGETDURATION is no number",
    ],
    [
      "one with a segment of no duration",
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\na.ts",
      "the playlist has a segment without EXTINF",
    ],
    [
      "one of variants without a URI",
      "#EXTM3U\n#EXT-X-STREAM-INF:X=1\n",
      "the playlist names a variant without its URI",
    ],
  ])("%s", (_, text, message) => {
    expect(() => readPlaylist(text)).toThrow(new ProtocolError(message));
  });
});

test("whatever stands in a playlist, it is read or refused", () => {
  const line = fc.oneof(
    fc.constantFrom(...live.split("\n"), "#EXT-X-ENDLIST", "#EXTINF:-1,", "#EXTINF:1e9"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      try {
        readPlaylist(["#EXTM3U", ...lines].join("\n"));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { seed: 0x815 },
  );
});

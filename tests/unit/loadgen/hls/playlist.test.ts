import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { endOf, isBefore, type MediaPlaylist } from "../../../../src/loadgen/hls/media-playlist.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import { PlaylistStore } from "../../../../src/loadgen/hls/playlist-store.ts";

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

// RFC 8216bis, appendix B.1, shortened.
const lowLatency = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-VERSION:6
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=12.0
#EXT-X-PART-INF:PART-TARGET=0.33334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.00008,
fileSequence266.mp4
#EXT-X-PART:DURATION=0.33334,URI="filePart267.0.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33334,URI="filePart267.1.mp4"
#EXTINF:0.66668,
fileSequence267.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="other.mp4"
#EXT-X-PART:DURATION=0.33334,URI="filePart268.0.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.2,URI="filePart268.1.mp4",GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="filePart268.2.mp4"
#EXT-X-RENDITION-REPORT:URI="../1M/waitForMSN.php",LAST-MSN=268,LAST-PART=1
`;

/** What follows that by two segments, of which the reader knows the first two. */
const delta = lowLatency
  .replace(/#EXT-X-MAP:URI="init.mp4"[\s\S]*fileSequence267.mp4\n/, "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n")
  .replace("#EXT-X-PRELOAD-HINT", "#EXTINF:0.5,\nfileSequence268.mp4\n#EXT-X-PRELOAD-HINT");

function media(text: string, before?: MediaPlaylist): MediaPlaylist {
  const list = readPlaylist(text, before);
  if (list.kind !== "media") throw new Error("of variants");
  return list;
}

test("a live playlist's segments have numbers, durations and discontinuities", () => {
  const list = media(live.replaceAll("\n", "\r\n"));
  const plain = { gap: false, map: undefined, mapKey: undefined, key: undefined, parts: [] };
  expect(list).toMatchObject({ targetDurationMs: 4000, holdBackMs: 12_000, mediaSequence: 2680, ended: false });
  expect(list).toMatchObject({ blocks: false, lowLatency: undefined, growing: undefined, hint: undefined });
  expect(list.segments).toEqual([
    {
      uri: "fileSequence2680.ts",
      sequence: 2680,
      durationMs: 3960,
      discontinuity: false,
      dateMs: Date.UTC(2026, 0, 1),
      ...plain,
    },
    {
      uri: "https://cdn.example/fileSequence2681.ts?k=1",
      sequence: 2681,
      durationMs: 4000,
      discontinuity: true,
      dateMs: undefined,
      ...plain,
    },
  ]);
  expect(endOf(list)).toEqual({ sequence: 2682, parts: 0 });
  expect(media(`${live}#EXT-X-ENDLIST`)).toMatchObject({ ended: true });
});

test("gaps, init segments and keys are those of their segments", () => {
  const lines = [
    ...["#EXTM3U", "#EXT-X-TARGETDURATION:2", '#EXT-X-MAP:URI="a.mp4"', '#EXT-X-KEY:METHOD=AES-128,URI="a.key"'],
    ...["#EXTINF:2,", "0.m4s", "#EXT-X-GAP", "#EXTINF:2,", "1.m4s", '#EXT-X-MAP:URI="b.mp4"'],
    ...['#EXT-X-KEY:METHOD=AES-128,URI="b.key",IV=0x10', "#EXTINF:2,", "2.m4s", "#EXT-X-KEY:METHOD=NONE"],
    ...["#EXTINF:2,", "3.m4s"],
  ];
  const { segments } = media(lines.join("\n"));
  expect(segments.map(({ gap, map, key }) => [gap, map, key?.uri, key?.iv])).toEqual([
    [false, "a.mp4", "a.key", undefined],
    [true, "a.mp4", "a.key", undefined],
    [false, "b.mp4", "b.key", "00000000000000000000000000000010"],
    [false, "b.mp4", undefined, undefined],
  ]);
});

test("parts have the key of their segment, and an init segment the one before its tag", () => {
  const lines = [
    ...["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-PART-INF:PART-TARGET=1", '#EXT-X-KEY:METHOD=AES-128,URI="m.key"'],
    ...[
      '#EXT-X-MAP:URI="a.mp4"',
      '#EXT-X-KEY:METHOD=AES-128,URI="a.key"',
      '#EXT-X-PART:DURATION=1,URI="0.0"',
      "#EXTINF:1,",
    ],
    ...["0", '#EXT-X-KEY:METHOD=AES-128,URI="b.key"', '#EXT-X-PART:DURATION=1,URI="1.0"'],
  ];
  const { segments, growing } = media(lines.join("\n"));
  expect([...segments, growing].map((segment) => [segment?.key?.uri, segment?.mapKey?.uri])).toEqual([
    ["a.key", "m.key"],
    ["b.key", "m.key"],
  ]);
});

test("of a key in several formats, the one that can be used is taken", () => {
  const apple = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://a",KEYFORMAT="com.apple.streamingkeydelivery"';
  const plain = '#EXT-X-KEY:METHOD=AES-128,URI="a.key",KEYFORMAT="identity"';
  const segment = "#EXTINF:2,\na.ts";
  for (const keys of [`${apple}\n${plain}`, `${plain}\n${apple}`]) {
    const text = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${keys}\n${segment}\n#EXT-X-KEY:METHOD=NONE\n${segment}`;
    expect(media(text).segments.map(({ key }) => key?.uri)).toEqual(["a.key", undefined]);
  }
  // A tag behind a segment is another key.
  const other = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${plain}\n${segment}\n${apple}\n${segment}`;
  expect(() => media(other)).toThrow(ProtocolError);
});

test("segments have the dates that the playlist gives, and those between are counted on", () => {
  const head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
  // As FFmpeg writes dates.
  const text = `${head}#EXTINF:2,\na\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.500+0000\n#EXTINF:1.5,\nb\n#EXTINF:2,\nc\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\nd`;
  const at = Date.UTC(2026, 0, 1);
  const before = media(text);
  expect(before.segments.map(({ dateMs }) => dateMs)).toEqual([undefined, at + 1500, at + 3000, undefined]);
  const skip = `${head}#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:2,\nd`;
  expect(media(skip, before).segments.map(({ dateMs }) => dateMs)).toEqual([at + 1500, at + 3000, at + 5000]);
  expect(media(`${head}#EXT-X-PROGRAM-DATE-TIME:yesterday\n#EXTINF:2,\na`).segments[0]?.dateMs).toBeUndefined();
});

test("a playlist of low latency has parts, those of the growing segment, a hint, and the distance to keep", () => {
  const list = media(lowLatency);
  expect(list.lowLatency?.partTargetMs).toBeCloseTo(333.34, 5);
  expect(list).toMatchObject({ blocks: true, skipUntilMs: 12_000, hint: "filePart268.2.mp4", skipped: 0 });
  expect(list.lowLatency?.holdBackMs).toBe(1000);
  expect(list.segments.map(({ parts }) => parts.map(({ uri, independent }) => [uri, independent]))).toEqual([
    [],
    [
      ["filePart267.0.mp4", true],
      ["filePart267.1.mp4", false],
    ],
  ]);
  expect(list.growing).toMatchObject({ uri: undefined, sequence: 268, discontinuity: true, map: "other.mp4" });
  expect(list.growing?.parts.map(({ gap }) => gap)).toEqual([false, true]);
  expect(endOf(list)).toEqual({ sequence: 268, parts: 2 });
});

test("without blocking reloads there is no low latency, and less than two parts behind is too near", () => {
  expect(media(lowLatency.replace("CAN-BLOCK-RELOAD=YES,", "")).lowLatency).toBeUndefined();
  const near = media(lowLatency.replace("PART-HOLD-BACK=1.0", "PART-HOLD-BACK=0.4"));
  expect(near.lowLatency?.holdBackMs).toBeCloseTo(666.68, 5);
});

test("a delta's missing segments are those of the playlist before, with their init segment and key", () => {
  const before = media(lowLatency);
  const list = media(delta, before);
  expect(list.segments.map(({ uri, map }) => [uri, map])).toEqual([
    ["fileSequence266.mp4", "init.mp4"],
    ["fileSequence267.mp4", "init.mp4"],
    ["fileSequence268.mp4", "other.mp4"],
  ]);
  expect(list.skipped).toBe(2);
  expect([isBefore(before, list), isBefore(list, before), isBefore(list, list)]).toEqual([true, false, false]);
});

test("equal playlists are parsed once, and a delta only for players that had the same before", () => {
  const store = new PlaylistStore();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const first = store.read(bytes(lowLatency), undefined);
  expect(store.read(bytes(lowLatency), undefined)).toBe(first);
  const before = media(lowLatency);
  const list = store.read(bytes(delta), before);
  expect(store.read(bytes(delta), before)).toBe(list);
  expect(() => store.read(bytes(delta), undefined)).toThrow(ProtocolError);
  for (let at = 0; at < 100; at++) store.read(bytes(lowLatency.replace("266", `${at}`)), undefined);
  expect(store.read(bytes(lowLatency), undefined) === first).toBe(false);
});

describe("no playlist is", () => {
  const list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
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
      "one with a part of a number",
      "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5.5",
      "the playlist's EXT-X-MEDIA-SEQUENCE is no whole number",
    ],
    ["one with a segment of no duration", `${list}a.ts`, "the playlist has a segment without EXTINF"],
    [
      "one of variants without a URI",
      "#EXTM3U\n#EXT-X-STREAM-INF:X=1\n",
      "the playlist names a variant without its URI",
    ],
    [
      "a delta of what is not known",
      `${list}#EXT-X-SKIP:SKIPPED-SEGMENTS=3`,
      "the playlist leaves out segments (EXT-X-SKIP) that it did not list before",
    ],
    ["a part without a duration", `${list}#EXT-X-PART:URI="a"`, "the playlist's EXT-X-PART has no DURATION"],
    ["a part without a URI", `${list}#EXT-X-PART:DURATION=1`, "the playlist's EXT-X-PART has no URI"],
    ["a map without a URI", `${list}#EXT-X-MAP:X=1`, "the playlist's EXT-X-MAP has no URI"],
  ])("%s", (_, text, message) => {
    expect(() => readPlaylist(text)).toThrow(new ProtocolError(message));
  });
});

describe("what srs bench can't do, it says in one line:", () => {
  const list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
  test.each([
    ["ranges", `${list}#EXT-X-BYTERANGE:1@2`, "the playlist has byte ranges, which srs bench does not read"],
    [
      "ranges of init segments",
      `${list}#EXT-X-MAP:URI="a",BYTERANGE="1@2"`,
      "the playlist has byte ranges, which srs bench does not read",
    ],
    [
      "samples that are encrypted",
      `${list}#EXT-X-KEY:METHOD=SAMPLE-AES,URI="a"\n#EXTINF:2,\n0.ts`,
      "the playlist's segments are encrypted by SAMPLE-AES (identity), which srs bench does not decrypt",
    ],
    [
      "DRM",
      `${list}#EXT-X-KEY:METHOD=AES-128,URI="a",KEYFORMAT="com.apple.streamingkeydelivery"\n#EXT-X-PART:DURATION=1,URI="b"`,
      "the playlist's segments are encrypted by AES-128 (com.apple.streamingkeydelivery), which srs bench does not decrypt",
    ],
    [
      "a vector that is none",
      `${list}#EXT-X-KEY:METHOD=AES-128,URI="a",IV=12`,
      "the playlist's EXT-X-KEY has an IV that is no number of 128 bits",
    ],
    [
      "variables",
      `${list}#EXT-X-DEFINE:NAME="a",VALUE="b"\n#EXTINF:2,\n{$a}.ts`,
      "the playlist has variables (EXT-X-DEFINE), which srs bench does not read",
    ],
    [
      "variables of variants",
      '#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="a"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{$a}.m3u8',
      "the playlist has variables (EXT-X-DEFINE), which srs bench does not read",
    ],
  ])("%s", (_, text, message) => {
    expect(() => readPlaylist(text)).toThrow(new ProtocolError(message));
  });
});

test("any playlist is read or refused", () => {
  const known = [live, lowLatency, delta].flatMap((text) => text.split("\n"));
  const line = fc.oneof(
    fc.constantFrom(...known, "#EXT-X-ENDLIST", "#EXTINF:-1,", "#EXTINF:1e9", "#EXT-X-SKIP:SKIPPED-SEGMENTS=9e9"),
    fc.constantFrom(...known).map((text) => text.slice(0, text.length >> 1)),
    fc.string(),
  );
  const before = media(lowLatency);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.boolean(), (lines, knows) => {
      try {
        const list = readPlaylist(["#EXTM3U", ...lines].join("\n"), knows ? before : undefined);
        if (list.kind === "media") expect(list.segments.length).toBeLessThanOrEqual(32);
        else expect(list.variants.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { seed: 0x815, numRuns: 400 },
  );
});

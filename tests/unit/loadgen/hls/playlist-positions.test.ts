import { expect, test } from "bun:test";
import type { MediaPlaylist } from "../../../../src/loadgen/hls/media-playlist.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import {
  livePosition,
  momentOf,
  positionAt,
  type StreamMoment,
} from "../../../../src/loadgen/hls/playlist-positions.ts";

const DAY = Date.UTC(2026, 0, 1);

/** Segments of 2 s from `first` on, of which the first one begins so many seconds into the day. */
function list(first: number, count: number, second?: number): MediaPlaylist {
  const date = second === undefined ? [] : [`#EXT-X-PROGRAM-DATE-TIME:${new Date(DAY + second * 1000).toISOString()}`];
  const head = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", `#EXT-X-MEDIA-SEQUENCE:${first}`, ...date];
  const lines = Array.from({ length: count }, (_, at) => [`#EXTINF:2,`, `${first + at}.ts`]);
  return readPlaylist([...head, ...lines.flat()].join("\n")) as MediaPlaylist;
}

/** One whole segment of 2 s, and a growing one, in parts of 0.5 s; `!` is one to begin with. */
function parted(first: number, ...segments: readonly [string, string]): MediaPlaylist {
  const lines = [
    ...["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5"],
    ...["#EXT-X-PART-INF:PART-TARGET=0.5", `#EXT-X-MEDIA-SEQUENCE:${first}`],
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(DAY).toISOString()}`,
  ];
  for (const [at, text] of segments.entries()) {
    for (const kind of text) lines.push(`#EXT-X-PART:DURATION=0.5,URI="p"${kind === "!" ? ",INDEPENDENT=YES" : ""}`);
    if (at === 0) lines.push("#EXTINF:2,", "s");
  }
  return readPlaylist(lines.join("\n")) as MediaPlaylist;
}

const moment = (second: number, sequence = 99): StreamMoment => ({
  sequence,
  offsetMs: 500,
  dateMs: DAY + second * 1000,
});

test("a moment is found in another playlist by its date", () => {
  const now = list(40, 4, 10);
  expect(positionAt(now, moment(12.5), false)).toEqual({ sequence: 41, part: 0, fromMs: 500 });
  // As good as the beginning of the next one.
  expect(positionAt(now, moment(13.98), true)).toEqual({ sequence: 42, part: 0, fromMs: -20 });
  // The next segment, which is not listed yet, and one that has left the list.
  expect(positionAt(now, moment(18), true)).toEqual({ sequence: 44, part: 0, fromMs: 0 });
  expect(positionAt(now, moment(6), true)).toEqual({ sequence: 40, part: 0, fromMs: -4000 });
});

test("without dates it is found by the segment's number, and a number that is not there leads to the live edge", () => {
  const now = list(40, 6);
  expect(positionAt(now, moment(0, 42), false)).toEqual({ sequence: 42, part: 0, fromMs: 500 });
  expect(positionAt(now, moment(0, 46), false)).toEqual({ sequence: 46, part: 0, fromMs: 500 });
  // The list is a segment behind.
  expect(positionAt(now, moment(0, 47), false)).toEqual({ sequence: 47, part: 0, fromMs: 500 });
  expect(positionAt(now, moment(0, 48), false)).toEqual(livePosition(now));
  expect(positionAt(now, moment(0, 39), false)).toEqual(livePosition(now));
});

test("with parts it is the part at or before it that players may start with, or the segment", () => {
  const now = parted(7, "!...", "!!");
  expect(positionAt(now, moment(1.7), false)).toEqual({ sequence: 7, part: 0, fromMs: 1700 });
  expect(positionAt(now, moment(2.7), false)).toEqual({ sequence: 8, part: 1, fromMs: 200 });
  expect(positionAt(now, moment(2.7), true)).toEqual({ sequence: 8, part: 0, fromMs: 700 });
  expect(positionAt(now, moment(3.4), false)).toEqual({ sequence: 8, part: 1, fromMs: 900 });
});

test("a segment that begins behind the growing one is awaited, if the numbers agree", () => {
  const now = parted(7, "!...", "!!");
  const next = (sequence: number): StreamMoment => ({ sequence, offsetMs: 0, dateMs: DAY + 4000 });
  expect(positionAt(now, next(9), true)).toEqual({ sequence: 9, part: 0, fromMs: 0 });
  expect(positionAt(now, next(90), true)).toEqual({ sequence: 8, part: 0, fromMs: 2000 });
});

test("the moment of a position says where playback begins there", () => {
  const now = parted(7, "!!..", "!");
  expect(momentOf(now, { sequence: 7, part: 1, fromMs: 200 })).toEqual({
    sequence: 7,
    offsetMs: 700,
    dateMs: DAY + 700,
  });
  expect(momentOf(now, { sequence: 8, part: 0, fromMs: 0 })).toEqual({ sequence: 8, offsetMs: 0, dateMs: DAY + 2000 });
  expect(momentOf(list(3, 2, 5), { sequence: 5, part: 0, fromMs: 0 }).dateMs).toBe(DAY + 9000);
  expect(momentOf(list(3, 2), { sequence: 4, part: 0, fromMs: 0 }).dateMs).toBeUndefined();
});

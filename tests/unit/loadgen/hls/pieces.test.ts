import { describe, expect, test } from "bun:test";
import type { MediaPlaylist } from "../../../../src/loadgen/hls/media-playlist.ts";
import { PieceCursor } from "../../../../src/loadgen/hls/pieces.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import { livePosition } from "../../../../src/loadgen/hls/playlist-positions.ts";
import { between, mulberry32 } from "../../../support/random.ts";

/** A list of low latency: for each segment its parts, of 0.5 s; `!` is one that can be begun with, `:` a segment that is whole. */
function list(first: number, ...segments: readonly string[]): MediaPlaylist {
  const lines = [
    "#EXTM3U",
    "#EXT-X-TARGETDURATION:2",
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5",
    "#EXT-X-PART-INF:PART-TARGET=0.5",
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
  ];
  for (const [at, text] of segments.entries()) {
    const parts = text.replace(":", "");
    for (const [index, kind] of [...parts].entries()) {
      const independent = kind === "!" ? ",INDEPENDENT=YES" : "";
      lines.push(`#EXT-X-PART:DURATION=0.5,URI="${first + at}.${index}"${independent}`);
    }
    if (text.endsWith(":")) lines.push("#EXTINF:2,", `${first + at}`);
  }
  return readPlaylist(lines.join("\n")) as MediaPlaylist;
}

/** The pieces that are there now. */
function taken(cursor: PieceCursor, from: MediaPlaylist): string[] {
  const uris: string[] = [];
  for (let piece = cursor.next(from); piece !== undefined; piece = cursor.next(from)) uris.push(piece.uri);
  return uris;
}

describe("with low latency", () => {
  test("a player begins no nearer to the end than it has to stay", () => {
    const now = list(5, ":", "!...:", "!.");
    const cursor = new PieceCursor(livePosition(now), () => {});
    // 1.5 s before the end is in segment 6, behind its key frame.
    expect(livePosition(now).fromMs).toBe(1500);
    expect(taken(cursor, now)).toEqual(["6.0", "6.1", "6.2", "6.3", "7.0", "7.1"]);
  });

  test("each part is taken once, including those of the growing segment", () => {
    const cursor = new PieceCursor(livePosition(list(5, ":", "!.:", "!")), () => {});
    expect(taken(cursor, list(5, ":", "!.:", "!"))).toEqual(["6.0", "6.1", "7.0"]);
    expect(cursor.isAtEnd(list(5, ":", "!.:", "!"))).toBe(true);
    expect(taken(cursor, list(5, ":", "!.:", "!"))).toEqual([]);
    expect(cursor.isAtEnd(list(5, ":", "!.:", "!."))).toBe(false);
    expect(taken(cursor, list(5, ":", "!.:", "!.:", ""))).toEqual(["7.1"]);
    expect(cursor.isAtEnd(list(5, ":", "!.:", "!.:"))).toBe(true);
    expect(taken(cursor, list(6, "!.:", "!.:", "!"))).toEqual(["8.0"]);
  });

  test("a segment whose parts are no longer listed is taken whole, or missed if it was begun by parts", () => {
    const gone: number[] = [];
    const cursor = new PieceCursor(livePosition(list(5, ":", "!.:", "!")), (segments) => gone.push(segments));
    expect(taken(cursor, list(5, ":", "!.:", "!"))).toEqual(["6.0", "6.1", "7.0"]);
    expect(taken(cursor, list(7, ":", ":", "!."))).toEqual(["8", "9.0", "9.1"]);
    expect(gone).toEqual([1]);
    expect(taken(cursor, list(12, "!:", "!"))).toEqual(["12.0", "13.0"]);
    expect(gone).toEqual([1, 3]);
  });
});

test("without low latency, segments are taken whole, whatever parts a playlist has", () => {
  const plain = (...args: Parameters<typeof list>) => ({ ...list(...args), lowLatency: undefined });
  const now = plain(5, ":", "!.:", ":", "!.:", "!");
  const cursor = new PieceCursor(livePosition(now), () => {});
  expect(livePosition(now).fromMs).toBe(0);
  expect(taken(cursor, now)).toEqual(["6", "7", "8"]);
  expect(cursor.isBehind(plain(5, ":"))).toBe(true);
  cursor.restart(plain(2, ":", ":"));
  expect(taken(cursor, plain(2, ":", ":"))).toEqual(["2", "3"]);
});

/** A stream that goes on by parts, four a segment, of which the newest three segments list theirs. */
class Growing {
  /** The parts of each segment; all but the last one are whole. */
  readonly #made = [3, 3, 3];

  now(): MediaPlaylist {
    const from = Math.max(0, this.#made.length - 5);
    const texts = this.#made.slice(from).map((count, at, { length }) => {
      const parts = length - at <= 3 ? `!${".".repeat(count - 1)}` : "";
      return at === length - 1 ? parts : `${parts}:`;
    });
    return list(from, ...texts);
  }

  /** Mostly a part or two come; sometimes nobody has looked for long. */
  grow(random: () => number): void {
    const more = between(random, 0, 9) === 0 ? between(random, 0, 40) : between(random, 0, 2);
    for (let part = 0; part < more; part++) {
      const open = this.#made.at(-1) ?? 0;
      if (open < 4) this.#made[this.#made.length - 1] = open + 1;
      else this.#made.push(1);
    }
  }
}

/** Where a piece begins and ends: a part has a place in its segment, a whole segment all ten of them. */
function placesOf(uri: string): readonly [from: number, to: number] {
  const [segment = 0, part] = uri.split(".").map(Number);
  return part === undefined ? [10 * segment, 10 * segment + 9] : [10 * segment + part, 10 * segment + part];
}

test("however often a playlist is loaded, pieces come once and in order, and missing ones are reported", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = mulberry32(seed);
    const show = new Growing();
    let missed = 0;
    const cursor = new PieceCursor(livePosition(show.now()), (segments) => {
      missed += segments;
    });
    const pieces = Array.from({ length: 40 }, () => {
      const uris = taken(cursor, show.now());
      show.grow(random);
      return uris;
    }).flat();
    const places = pieces.map(placesOf);
    const steps = places.slice(1).map(([from], at) => ({ from, before: places[at]?.[1] ?? 0 }));
    const skipped = steps.filter(
      ({ from, before }) => from !== before + 1 && from !== 10 * Math.floor(before / 10) + 10,
    );
    expect(steps.filter(({ from, before }) => from <= before)).toEqual([]);
    expect(missed > 0 || skipped.length === 0).toBe(true);
    expect(pieces.length).toBeGreaterThan(20);
  }
});

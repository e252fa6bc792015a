import { expect } from "bun:test";
import { HlsStage, type HlsStageOptions, urisOf } from "./hls-stage.ts";
import type { Feed } from "./live.ts";
import { readMedia } from "./playlists.ts";

/** Endings of the variants of `show`. */
export const VARIANTS = ["_hd", "_sd"];
const FRAME_MS = 500;

/** An encoder that sends one programme as several streams, each over its own connection. */
export class Ladder {
  readonly stage: HlsStage;
  readonly feeds = new Map<string, Feed>();
  /** Timestamp of the next pictures. */
  time: number;
  gopMs = 2000;
  readonly #silent = new Set<string>();
  #frame = 0;

  constructor(options: HlsStageOptions = {}, time = 1000) {
    this.stage = new HlsStage({ ...options, config: { hls_variants: VARIANTS, ...options.config } });
    this.time = time;
  }

  /** Begins to publish one; `tracks` says which it has. */
  begin(suffix: string, { video = true, audio = true } = {}): Feed {
    const feed = this.stage.live.publish(`show${suffix}`, `e${suffix}`);
    if (audio) feed.audioHeader("A0");
    else this.#silent.add(suffix);
    if (video) feed.videoHeader("V0");
    this.feeds.set(suffix, feed);
    return feed;
  }

  end(suffix: string, how: "lost" | "unpublished" = "lost"): void {
    this.feeds.get(suffix)?.end(how);
    this.feeds.delete(suffix);
  }

  run(seconds: number): void {
    for (let ms = 0; ms < seconds * 1000; ms += FRAME_MS) {
      const isKey = (this.#frame * FRAME_MS) % this.gopMs === 0;
      for (const [suffix, feed] of this.feeds) {
        feed.time = this.time;
        const name = `${this.#frame}${suffix}`;
        if (suffix !== "_audio") feed[isKey ? "key" : "inter"](`${isKey ? "k" : "i"}${name}`);
        if (!this.#silent.has(suffix)) feed.audio(`a${name}`);
        // Connections are not equally fast.
        this.stage.live.clock.advance(3);
      }
      this.stage.live.clock.advance(FRAME_MS - 3 * this.feeds.size);
      this.time += FRAME_MS;
      this.#frame++;
    }
  }

  first(query = ""): string {
    return this.stage.get(`/live/show.m3u8${query}`).text;
  }

  /** The media playlist of each variant that the first playlist names, by suffix. */
  lists(): Map<string, string> {
    const text = this.first();
    return new Map(
      urisOf(text).map((uri) => [/hls_variant=([\w.-]*)/.exec(uri)?.[1] ?? "", this.stage.get(`/live/${uri}`).text]),
    );
  }
}

/** What variants have to agree on: numbers, dates, durations and discontinuities of what all of them list. */
function shared(lists: Iterable<string>): string[][] {
  const entries = [...lists].map((text) =>
    readMedia(text).segments.map(({ mediaSequenceNumber, discontinuitySequence, duration, programDateTime }) =>
      JSON.stringify([mediaSequenceNumber, discontinuitySequence, duration, programDateTime]),
    ),
  );
  const numbers = entries.map((list) => list.map((entry) => JSON.parse(entry)[0] as number));
  const from = Math.max(...numbers.map(([first = Number.NaN]) => first));
  const to = Math.min(...numbers.map((list) => list.at(-1) ?? Number.NaN));
  return entries.map((list) => list.filter((entry) => JSON.parse(entry)[0] >= from && JSON.parse(entry)[0] <= to));
}

/** Expects lists to agree on all that they have in common. */
export function expectAligned(lists: Iterable<string>, atLeast = 4): void {
  const [first = [], ...others] = shared(lists);
  expect(first.length).toBeGreaterThanOrEqual(atLeast);
  expect(others.length).toBeGreaterThan(0);
  for (const other of others) expect(other).toEqual(first);
}

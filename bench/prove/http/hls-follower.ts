import { basename } from "node:path";
import { parse, setOptions } from "hls-parser";
import type { MediaPlaylist, Segment } from "hls-parser/types";

setOptions({ strictMode: true });

const POLL_MS = 250;

/** A segment as its playlist describes it, and the hash of its bytes. */
interface Listed {
  readonly said: string;
  readonly hash: string;
}

/** Polls one stream's HLS at one server as a player does, loads every segment, and notes faults. */
export class HlsFollower {
  /** Segments by media sequence number. */
  readonly listed = new Map<number, Listed>();
  /** Faults that were found, each once. */
  readonly faults = new Set<string>();
  /** The newest media playlist. */
  last = "";
  /** How far the end of each segment was behind the clock when it was first listed, by its programme date, ms. */
  readonly behind: number[] = [];
  readonly #name: string;
  #origin: string | undefined;
  #link: string | undefined;
  #sequence = 0;
  #discontinuity = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  /** Follows `live/NAME`. */
  constructor(origin: string | undefined, name: string) {
    this.#origin = origin;
    this.#name = name;
    this.#done = this.#run();
  }

  /** Continues at this server; undefined: pauses. */
  moveTo(origin: string | undefined): void {
    this.#origin = origin;
    this.#link = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  /** Total duration of the listed segments, s. */
  get seconds(): number {
    return [...this.listed.values()].reduce(
      (sum, { said }) => sum + (JSON.parse(said) as { seconds: number }).seconds,
      0,
    );
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      // A server that was killed, or has no stream yet, is no fault: the proof checks how much was listed.
      await this.#poll().catch((error: unknown) => {
        if (error instanceof Fault) this.faults.add(error.message);
      });
      await Bun.sleep(POLL_MS);
    }
  }

  async #poll(): Promise<void> {
    const origin = this.#origin;
    if (origin === undefined) return;
    const base = `${origin}/live/${this.#name}.m3u8`;
    const entry = this.#link ?? firstUri(await (await fetch(base)).text());
    if (entry === undefined) return;
    const answer = await fetch(new URL(entry, base));
    const text = await answer.text();
    if (answer.status !== 200) {
      this.#link = undefined;
      return;
    }
    this.#link = entry;
    const isNew = text !== this.last;
    this.last = text;
    const playlist = parse(text);
    if (playlist.isMasterPlaylist) throw new Fault(`a multivariant playlist instead of a media playlist: ${text}`);
    if (isNew) this.#noteDelay(playlist as MediaPlaylist);
    await this.#take(playlist as MediaPlaylist, base);
  }

  #noteDelay({ segments }: MediaPlaylist): void {
    const newest = segments.at(-1);
    const from = newest?.programDateTime?.getTime();
    if (from !== undefined) this.behind.push(Date.now() - from - (newest?.duration ?? 0) * 1000);
  }

  async #take(playlist: MediaPlaylist, base: string): Promise<void> {
    const { mediaSequenceBase = 0, discontinuitySequenceBase = 0, targetDuration, segments } = playlist;
    if (mediaSequenceBase < this.#sequence)
      this.faults.add(`the media sequence went back from ${this.#sequence} to ${mediaSequenceBase}`);
    if (discontinuitySequenceBase < this.#discontinuity)
      this.faults.add(
        `the discontinuity sequence went back from ${this.#discontinuity} to ${discontinuitySequenceBase}`,
      );
    [this.#sequence, this.#discontinuity] = [mediaSequenceBase, discontinuitySequenceBase];
    for (const segment of segments) {
      if (Math.round(segment.duration) > targetDuration)
        this.faults.add(`${segment.uri} has ${segment.duration} s, more than the target duration of ${targetDuration}`);
      await this.#takeSegment(segment, base);
    }
  }

  async #takeSegment(segment: Segment, base: string): Promise<void> {
    const { uri, mediaSequenceNumber: number, gap = false } = segment;
    const said = sayingOf(segment);
    const known = this.listed.get(number);
    if (known !== undefined) {
      if (known.said !== said) this.faults.add(`${number} was ${known.said} and became ${said}`);
      return;
    }
    let hash = "gap";
    if (!gap) {
      const answer = await fetch(new URL(uri, base));
      if (answer.status !== 200) throw new Fault(`${uri} is listed and answered with ${answer.status}`);
      hash = String(Bun.hash(await answer.arrayBuffer()));
    }
    this.listed.set(number, { said, hash });
  }
}

class Fault extends Error {}

function sayingOf({ uri, duration, discontinuitySequence, programDateTime, gap = false }: Segment): string {
  const date = programDateTime?.toISOString();
  return JSON.stringify({ name: basename(uri), seconds: duration, discontinuitySequence, date, gap });
}

function firstUri(text: string): string | undefined {
  return text.split("\n").find((line) => line !== "" && !line.startsWith("#"));
}

/** How the segments of two followers of one stream agree. */
export interface Comparison {
  /** How many sequence numbers both have. */
  readonly both: number;
  /** The differences between these. */
  readonly different: readonly string[];
}

/** Compares the listings and the bytes of two servers, by sequence number. */
export function compareFollowers(one: HlsFollower, other: HlsFollower): Comparison {
  const different: string[] = [];
  let both = 0;
  for (const [number, { said, hash }] of one.listed) {
    const its = other.listed.get(number);
    if (its === undefined) continue;
    both++;
    if (its.said !== said) different.push(`${number}: ${said} and ${its.said}`);
    else if (its.hash !== hash) different.push(`${number}: other bytes`);
  }
  return { both, different };
}

import { basename } from "node:path";
import { parse, setOptions } from "hls-parser";
import type { MediaPlaylist, Segment } from "hls-parser/types";

setOptions({ strictMode: true });

const POLL_MS = 250;

/** What a playlist says of a segment, and the hash of its bytes. */
interface Listed {
  readonly said: string;
  readonly hash: string;
}

/** Polls one stream's HLS at one server as a player does, takes every segment, and notes what must not be. */
export class HlsFollower {
  /** By media sequence number. */
  readonly listed = new Map<number, Listed>();
  /** What was wrong, each once. */
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

  /** Goes on at this server, or rests without one. */
  moveTo(origin: string | undefined): void {
    this.#origin = origin;
    this.#link = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  /** Seconds of programme that were listed. */
  get seconds(): number {
    return [...this.listed.values()].reduce(
      (sum, { said }) => sum + (JSON.parse(said) as { seconds: number }).seconds,
      0,
    );
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      // A server that was killed, or that has nothing yet: the proof says how much has to come.
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

/** What two followers of one stream saw of the same numbers. */
export interface Comparison {
  /** Numbers that both have. */
  readonly both: number;
  /** Of these, what they don't agree on. */
  readonly different: readonly string[];
}

/** Compares what two servers listed, and the bytes, number by number. */
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

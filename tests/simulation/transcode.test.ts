import { expect, test } from "bun:test";
import fc from "fast-check";
import { PacketKind } from "../../src/media/packet.ts";
import type { Feed, Viewer } from "../support/live.ts";
import { BOTH, TranscodeStage } from "../support/transcode-stage.ts";

/** The farthest that a frame may be from its time in the source. */
const MAX_OFFSET_MS = 20;
const HOUR_MS = 3_600_000;

/** What happens to a stream and its engine. */
type Event =
  | { readonly what: "plays"; readonly pictures: number; readonly soundMs: number }
  | { readonly what: "jumps"; readonly byMs: number }
  | { readonly what: "pauses" | "ends ffmpeg"; readonly ms: number }
  | { readonly what: "another format" };

/** Jumps of a source whose times are corrected, and of one whose times are left: small ones back are then taken as jitter. */
const jumps = {
  full: fc.oneof(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), fc.integer({ min: -100, max: 5000 })),
  off: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.constantFrom(-HOUR_MS, HOUR_MS, 24 * HOUR_MS)),
} as const;

const eventsWith = (byMs: fc.Arbitrary<number>): fc.Arbitrary<Event[]> => {
  const plays = { pictures: fc.integer({ min: 1, max: 60 }), soundMs: fc.integer({ min: 0, max: 39 }) };
  const event = fc.oneof(
    fc.record({ what: fc.constant("plays" as const), ...plays }),
    fc.record({ what: fc.constant("jumps" as const), byMs }),
    fc.record({ what: fc.constantFrom("pauses" as const, "ends ffmpeg" as const), ms: fc.nat(8000) }),
    fc.constant({ what: "another format" as const }),
  );
  return fc.array(event, { minLength: 1, maxLength: 12 });
};

/** Sends pictures and sound whose names are theirs alone; the sound has times of its own. */
class Encoder {
  readonly feed: Feed;
  #count = 0;

  constructor(feed: Feed) {
    this.feed = feed;
    feed.time = 24 * HOUR_MS;
    feed.headers();
  }

  play(pictures: number, soundMs: number): void {
    for (let at = 0; at < pictures; at++) {
      const name = String(this.#count++);
      if (at % 25 === 0) this.feed.key(`k${name}`);
      else this.feed.inter(`i${name}`);
      this.feed
        .wait(soundMs)
        .audio(`a${name}`)
        .wait(40 - soundMs);
    }
  }

  describeAnew(): void {
    this.feed.headers(`V${this.#count}`, `A${this.#count}`);
  }
}

function follow(stage: TranscodeStage, encoder: Encoder, happens: Event): void {
  if (happens.what === "plays") encoder.play(happens.pictures, happens.soundMs);
  else if (happens.what === "jumps") encoder.feed.time = Math.max(0, encoder.feed.time + happens.byMs);
  else if (happens.what === "another format") encoder.describeAnew();
  else {
    if (happens.what === "ends ffmpeg" && stage.ffmpegs.running > 0) stage.ffmpegs.last.exit("it ended with code 1");
    stage.clock.advance(happens.ms);
  }
}

/** The times of a track's frames by name. */
function timesOf({ got }: Viewer, kind: PacketKind): [name: string, time: number][] {
  return got.flatMap((each) => (each.kind === kind && /^[kia]/.test(each.name) ? [[each.name, each.time]] : []));
}

test.each(["full", "off"] as const)(
  "with time_jitter %s each frame of a result is within 20 ms of its time in the source, whatever happens to source and FFmpeg",
  (time_jitter) => {
    fc.assert(
      fc.property(eventsWith(jumps[time_jitter]), fc.constantFrom(0, 21, 46), (events, primingMs) => {
        const stage = new TranscodeStage(BOTH, "", { time_jitter, queue_length: 3600 });
        stage.ffmpegs.onStart = (ffmpeg) => {
          ffmpeg.primingMs = primingMs;
        };
        const encoder = new Encoder(stage.publish());
        const [source, result] = [stage.view(), stage.watch()];
        for (const happens of events) follow(stage, encoder, happens);
        // Whatever was before, the result goes on.
        encoder.play(500, 10);
        stage.clock.advance(8000);
        for (const kind of [PacketKind.Video, PacketKind.Audio]) {
          const sent = new Map(timesOf(source, kind));
          const got = timesOf(result, kind);
          const offsets = got.map(([name, time]) => Math.abs(time - (sent.get(name.slice(0, -1)) ?? Number.NaN)));
          expect(Math.max(...offsets)).toBeLessThanOrEqual(MAX_OFFSET_MS);
          expect(got.at(-1)?.[0]).toBe(`${[...sent.keys()].at(-1)}'`);
          // Priming packets keep the order, too.
          const times = result.got.flatMap((each) =>
            each.kind === kind && /^[kiap]/.test(each.name) ? [each.time] : [],
          );
          const original = [...sent.values()];
          const isOrdered = (list: number[]) => list.every((time, at) => at === 0 || time >= (list[at - 1] ?? 0));
          if (isOrdered(original)) expect(isOrdered(times)).toBe(true);
        }
      }),
      { seed: 15, numRuns: 60 },
    );
  },
);

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Epoch, locate } from "../../../../src/live/source/epoch.ts";
import { readEpoch, writeEpoch } from "../../../../src/live/source/epoch-text.ts";
import type { Stream } from "../../../../src/live/stream.ts";
import { epochStage, gops } from "../../../support/epoch-stage.ts";
import type { Feed } from "../../../support/live.ts";

const number = (bits: number) => fc.integer({ min: -(2 ** bits), max: 2 ** bits });

/** What a source tells, as its arguments. */
const told = fc
  .record({
    id: fc.constantFrom("a".repeat(32), "b".repeat(32)),
    // From where the sender is. What is at the bounds may be beyond them for the next server.
    from: number(46),
    length: fc.option(fc.integer({ min: 1, max: 2 ** 46 })),
    wall: fc.integer({ min: 0, max: 2 ** 42 }),
    counts: fc.integer({ min: 0, max: 2 ** 41 }),
    at: number(50),
    since: number(46),
    lost: fc.boolean(),
  })
  .map(({ id, from, length, wall, counts, at, since, lost }) => {
    const to = length === null ? undefined : at + from + length;
    const span = { from: at + from, to, key: undefined, wall, gop: 0, discontinuity: false };
    const epoch: Epoch = { id, discontinuity: counts, ahead: counts, spans: [span] };
    return [writeEpoch({ epoch, at, since: at + since }), lost] as const;
  });
const step = fc.oneof(
  fc.record({ told }),
  fc.record({ seconds: fc.integer({ min: 1, max: 5 }), jump: fc.oneof(fc.constant(0), number(31)) }),
  fc.record({ end: fc.constantFrom("lost" as const, "unpublished" as const) }),
);

function expectReadable({ epochs, log }: Stream): void {
  const { text, epoch } = epochs;
  if (text === undefined || epoch === undefined) return;
  expect(readEpoch(text)?.epoch).toEqual(epoch);
  const newest = locate(epoch, 1000, log.timeAt(log.end - 1));
  if (newest !== undefined) expect(Number.isSafeInteger(newest.number)).toBe(true);
}

test("whatever epochs and packets a source sends, others can read the epoch that results", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { live, stream } = epochStage();
      const publish = () => live.publish().headers();
      const take = (feed: Feed, one: (typeof steps)[number]): Feed => {
        if ("told" in one) feed.source.receiveEpoch(...one.told);
        else if ("end" in one) {
          feed.end(one.end);
          return publish();
        } else {
          feed.time += one.jump;
          gops(feed, ...Array.from({ length: one.seconds }, () => 1000));
        }
        return feed;
      };
      let feed = publish();
      for (const one of steps) {
        feed = take(feed, one);
        expectReadable(stream);
      }
    }),
    { numRuns: 200 },
  );
});

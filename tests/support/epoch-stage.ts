import type { Epoch } from "../../src/live/source/epoch.ts";
import { type Feed, LiveStage } from "./live.ts";

/** The fake clock's date at its beginning. */
export const WALL = Date.UTC(2026, 0, 1);

/** A stream's spans, one line each: `FROM-TO date+MS gop GOP`, and `new` for a discontinuity. */
export function spanLines(epoch: Epoch | undefined): string[] {
  return (epoch?.spans ?? []).map(({ from, to, wall, gop, discontinuity }) =>
    [`${from}-${to ?? ""} date+${wall - WALL} gop ${gop}`, ...(discontinuity ? ["new"] : [])].join(" "),
  );
}

/** A stream with a reader, so that it stays, which is told of each change of the epoch. */
export function epochStage(config = {}) {
  const live = new LiveStage(config);
  const stream = live.stream();
  const changes: (Epoch | undefined)[] = [];
  const sink = { send: () => true };
  stream.join(live.format(), sink, { epoch: () => changes.push(stream.epochs.epoch) });
  return { live, stream, changes, spans: () => spanLines(stream.epochs.epoch), id: () => stream.epochs.epoch?.id };
}

let gopCount = 0;

/** GOPs of so many ms, in frames 500 ms apart; no two have the same pictures. */
export function gops(feed: Feed, ...lengths: readonly number[]): Feed {
  for (const length of lengths) {
    feed.key(`k${++gopCount}`);
    for (let ms = 500; ms < length; ms += 500) feed.wait(500).inter(`p${feed.time}`);
    feed.wait(length % 500 === 0 ? 500 : length % 500);
  }
  return feed;
}

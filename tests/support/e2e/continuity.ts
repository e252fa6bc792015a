import type { Frame, SourceFrame } from "./ffmpeg.ts";

const identity = (frame: Frame, shift: number): string =>
  `${frame.dts - shift} ${frame.pts - shift} ${frame.size} ${frame.hash}`;

/** What became of one track on its way. */
export interface TrackReport {
  /** Packets received. */
  readonly count: number;
  /** Whether the first is a key frame in the source. */
  readonly fromKey: boolean;
  /** Runs of packets that are next to each other in the source. 1: nothing is missing. */
  readonly runs: number;
  /** Whether each run begins on a key frame. */
  readonly runsFromKey: boolean;
  /** Whether the last packet is the source's last. */
  readonly toEnd: boolean;
  /** Packets that are not in the source, or not after the one before. */
  readonly foreign: number;
}

/** Compares what a player got with the source's packets: data and timestamps (less `shift` ms), track by track. */
export function compare(
  source: readonly SourceFrame[],
  got: readonly Frame[],
  track: "video" | "audio",
  shift = 0,
): TrackReport {
  const sent = source.filter((frame) => frame.track === track);
  const received = got.filter((frame) => frame.track === track);
  const places = new Map(sent.map((frame, at) => [identity(frame, 0), at]));
  let [runs, foreign, last] = [0, 0, -1];
  let runsFromKey = true;
  let first = -1;
  for (const frame of received) {
    const at = places.get(identity(frame, shift)) ?? -1;
    if (at < 0 || at <= last) {
      foreign++;
      continue;
    }
    if (first < 0) first = at;
    if (at !== last + 1 || runs === 0) {
      runs++;
      if (!sent[at]?.key) runsFromKey = false;
    }
    last = at;
  }
  const fromKey = sent[first]?.key ?? false;
  return { count: received.length, fromKey, runs, runsFromKey, toEnd: last === sent.length - 1, foreign };
}

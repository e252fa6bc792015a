import type { OnConflict } from "../../../src/live/source/source.ts";
import { between, pick } from "../random.ts";
import type { HistoryConfig } from "./history-stage.ts";

/** How a history's servers talk to each other: by RTMP, or by calls, which makes most of them short. */
export type HistoryForm = "rtmp" | "direct";

/** How large a history is, and how long. */
export interface HistoryScope extends HistoryConfig {
  readonly streams: readonly string[];
  readonly firstNodes: number;
  readonly mostNodes: number;
  /** For how long faults happen, s, and the chance of one in each half second. */
  readonly seconds: number;
  readonly chance: number;
  /** For how long no new faults happen afterwards, s, while those before last. */
  readonly quietSeconds: number;
  /** Whether the registry has a second server. */
  readonly hasSecond: boolean;
  /** Whether checks come as soon as the cluster has settled, instead of after fixed times. */
  readonly isHasty: boolean;
}

const STREAMS = ["s0", "s1", "s2"];
const CONFLICTS: readonly OnConflict[] = ["reject", "reject", "replace", "standby"];
/** This share of the histories without RTMP is as long as those with it. */
const LARGE = 0.02;

/** The scope that a seed's random numbers choose. */
export function scopeOf(random: () => number, form: HistoryForm): HistoryScope {
  const onConflict = pick(random, CONFLICTS);
  const hasSecond = random() < 0.3;
  const isLarge = form === "rtmp" || random() < LARGE;
  if (isLarge)
    return {
      ...{ onConflict, hasSecond, edge: {}, grace: 30, streams: STREAMS, firstNodes: 4, mostNodes: 7 },
      ...{ seconds: 60, chance: 0.2, quietSeconds: 0, isHasty: false },
    };
  const firstNodes = pick(random, [2, 2, 3, 3, 4]);
  return {
    ...{ onConflict, hasSecond, firstNodes, mostNodes: firstNodes + 1, isHasty: true },
    edge: { linger: pick(random, [0, 0, 1, 4]), redundancy: pick(random, [1, 1, 1, 2]) },
    grace: pick(random, [0, 2, 30]),
    streams: STREAMS.slice(0, pick(random, [1, 1, 2])),
    seconds: between(random, 4, 16),
    chance: 0.35,
    quietSeconds: random() < 0.2 ? between(random, 6, 14) : 0,
  };
}

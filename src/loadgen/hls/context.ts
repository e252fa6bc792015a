import type { PlayerContext } from "../player.ts";
import type { SegmentStore } from "./segment-store.ts";
import type { HlsTotals } from "./totals.ts";

/** What HLS players share. */
export interface HlsContext extends PlayerContext {
  readonly hls: HlsTotals;
  readonly segments: SegmentStore;
  /** Whether the stream has just started, so that its playlist may be missing for a while. */
  readonly patient: boolean;
}

import type { PlayerContext } from "../player.ts";
import type { FileStore } from "./file-store.ts";
import type { VariantChoice } from "./multivariant.ts";
import type { ReadInit } from "./piece-reader.ts";
import type { PlaylistStore } from "./playlist-store.ts";
import type { SegmentFacts } from "./segment-facts.ts";
import type { HlsTotals } from "./totals.ts";

/** What HLS players share. */
export interface HlsContext extends PlayerContext {
  readonly hls: HlsTotals;
  readonly segments: FileStore<SegmentFacts>;
  readonly inits: FileStore<ReadInit>;
  readonly playlists: PlaylistStore;
  readonly variant: VariantChoice;
  /** Whether the stream has just started: its playlist may be missing for a while. */
  readonly isNewStream: boolean;
}

import type { Cookies } from "../http/cookies.ts";
import type { PlayerContext } from "../player.ts";
import type { FileStore } from "./file-store.ts";
import type { KeyRing } from "./key-ring.ts";
import type { OwnTokens } from "./own-tokens.ts";
import type { ReadInit } from "./piece-reader.ts";
import type { PlaylistStore } from "./playlist-store.ts";
import type { SegmentFacts } from "./segment-facts.ts";
import type { HlsTotals } from "./totals.ts";
import type { VariantChoice } from "./variant-choice.ts";

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

/** What the tracks of one player share. */
export interface ViewerContext {
  readonly cookies: Cookies;
  readonly keys: KeyRing;
  readonly tokens: OwnTokens;
}

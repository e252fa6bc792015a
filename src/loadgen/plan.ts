import type { Recording } from "./file-source.ts";
import type { VariantChoice } from "./hls/variant-choice.ts";
import type { SyntheticShape } from "./synthetic-source.ts";
import type { BenchUrl } from "./url.ts";

/** What the players of a run do. */
export interface PlayPlan {
  readonly url: BenchUrl;
  readonly count: number;
  /** Players whose frames are compared byte by byte; the others' frames by length, number and last byte. */
  readonly checked: number;
  /** Whether a player that lost its connection asks the URL again. */
  readonly reconnect?: boolean;
  /** Which variants HLS players play; by default the first. */
  readonly variant?: VariantChoice;
}

/** What the publishers of a run do. */
export interface PublishPlan {
  readonly url: BenchUrl;
  readonly count: number;
  readonly content: SyntheticShape | Recording;
}

/** One run: publishers, players, or both. */
export interface BenchPlan {
  readonly command: "play" | "publish" | "both";
  readonly play: PlayPlan | undefined;
  readonly publish: PublishPlan | undefined;
  /** How long to measure once all are connected. */
  readonly seconds: number;
  /** Connections to start each second. */
  readonly rate: number;
}

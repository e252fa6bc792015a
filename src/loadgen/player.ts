import type { BenchContext } from "./context.ts";
import type { Group } from "./group.ts";
import type { Retry } from "./group-member.ts";
import type { PlayerTotals } from "./player-totals.ts";

/** What players share. */
export interface PlayerContext extends BenchContext {
  readonly group: Group;
  readonly totals: PlayerTotals;
  /** Set for a player that is replaced when its connection is lost. */
  readonly retry: Retry | undefined;
}

/** One player of any protocol, which checks everything it receives and keeps nothing. */
export interface Player {
  /** Admitted by the server, and neither failed nor closed. */
  readonly running: boolean;
  /** Whether the server ever admitted the player. */
  readonly wasAdmitted: boolean;
  /** When the first frame arrived, with HLS when playback began; monotonic ms, 0: not yet. */
  readonly firstFrameMs: number;
  readonly bytesReceived: number;
  /** The run ends: frames that are still missing count as lost. */
  finish(nowMs: number): void;
  /** Closes the player, which is not a failure. */
  close(): void;
}

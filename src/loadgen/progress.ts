/** The state of a run's players. */
export interface PlayersProgress {
  readonly running: number;
  readonly asked: number;
  readonly failed: number;
  readonly mbps: number;
  /** Delay of the frames since the last progress; undefined if none was stamped. */
  readonly delayP50Ms: number | undefined;
  readonly delayP99Ms: number | undefined;
  /** Frames lost so far. */
  readonly lost: number;
}

/** The state of a run's publishers. */
export interface PublishersProgress {
  readonly running: number;
  readonly asked: number;
  readonly failed: number;
  readonly mbps: number;
  /** Messages dropped so far. */
  readonly dropped: number;
}

/** A run in progress, reported once a second. */
export interface Progress {
  readonly phase: "connecting" | "measuring";
  /** Seconds since this phase began. */
  readonly seconds: number;
  readonly publishers: PublishersProgress | undefined;
  readonly players: PlayersProgress | undefined;
}

/** One line for people. */
export function progressLine({ phase, seconds, publishers, players }: Progress): string {
  const parts = [`${phase === "connecting" ? "connecting" : "measured"} ${Math.round(seconds)} s`];
  if (publishers !== undefined) {
    parts.push(`${running(publishers)} publishing`, megabits(publishers.mbps));
    if (publishers.dropped > 0) parts.push(`${publishers.dropped} dropped`);
  }
  if (players !== undefined) {
    parts.push(`${running(players)} playing`, megabits(players.mbps));
    if (players.delayP50Ms !== undefined && players.delayP99Ms !== undefined)
      parts.push(`delay p50 ${shortMs(players.delayP50Ms)}, p99 ${shortMs(players.delayP99Ms)}`);
    parts.push(`${players.lost} lost`);
  }
  return parts.join(", ");
}

/** Milliseconds with a sensible number of digits. */
export function shortMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

function running({ running, asked, failed }: { running: number; asked: number; failed: number }): string {
  return `${running} of ${asked}${failed > 0 ? ` (${failed} failed)` : ""}`;
}

function megabits(mbps: number): string {
  return `${mbps.toFixed(mbps < 10 ? 2 : mbps < 1000 ? 1 : 0)} Mbit/s`;
}

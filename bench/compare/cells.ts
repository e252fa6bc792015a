import type { PlayersReport } from "../../src/loadgen/report.ts";
import type { Row } from "./cases.ts";
import type { Measured } from "./load.ts";

/** Columns of `fanoutRow`. */
export const FANOUT_HEAD = ["server", "CPU", "RSS", "delay p50", "delay p99", "longest gap", "lost", "failed"];

/** What a server used, and what its players found. */
export function fanoutRow({ server, usage, reports }: Measured): Row {
  const players = reports.map((report) => report.players).filter((found) => found !== undefined);
  return [server, cpu(usage.cpu), mib(usage.rssMib), ...playerCells(players)];
}

/** What players found: the worst of all delays and gaps, and the sums of what was lost and failed. */
export function playerCells(players: readonly PlayersReport[]): Row {
  const most = (of: (found: PlayersReport) => number) => Math.max(...players.map(of));
  const sum = (of: (found: PlayersReport) => number) => players.reduce((total, found) => total + of(found), 0);
  return [
    ms(most((found) => found.delay_ms?.p50 ?? 0)),
    ms(most((found) => found.delay_ms?.p99 ?? 0)),
    ms(most((found) => found.longest_gap_ms ?? 0)),
    sum((found) => found.lost.video + found.lost.audio),
    sum((found) => found.failed),
  ];
}

/** Percent of a core. */
export function cpu(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

/** Memory. */
export function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}

/** Milliseconds, with fractions where they say something. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

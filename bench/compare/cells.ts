import type { PlayersReport } from "../../src/loadgen/report.ts";
import type { Row } from "./cases.ts";
import type { Measured } from "./load.ts";

/** Columns of `fanoutRow`. */
export const FANOUT_HEAD = ["server", "CPU", "RSS", "delay p50", "delay p99", "longest gap", "lost", "failed"];

/** A row with a server's usage and its players' figures. */
export function fanoutRow({ server, usage, reports }: Measured): Row {
  const players = reports.map((report) => report.players).filter((found) => found !== undefined);
  return [server, cpu(usage.cpu), mib(usage.rssMib), ...playerCells(players)];
}

/** Cells of the players' figures: the worst delays and gaps of all groups, and the sums of losses and failures. */
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

/** A cell of CPU usage, percent of a core. */
export function cpu(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

/** A cell of memory, MiB. */
export function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}

/** A cell of milliseconds, with fractions if they are below 10. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

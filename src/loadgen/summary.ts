import { shortMs } from "./progress.ts";
import type { BenchReport, GroupReport, Percentiles, PlayersReport, PublishersReport } from "./report.ts";

/** The report for people. */
export function summary(report: BenchReport): string {
  const { publishers, players, seconds, interrupted, cpu_percent, url, play_url = url } = report;
  const measured = `measured ${seconds.toFixed(1)} s${interrupted ? ", ended early" : ""}`;
  return [
    `${report.command} ${url}${play_url === url ? "" : ` played from ${play_url}`}: ${measured}`,
    ...(publishers === undefined ? [] : publisherLines(publishers, seconds)),
    ...(players === undefined ? [] : playerLines(players, seconds)),
    row("bench's own CPU", `${cpu_percent.toFixed(0)} % of one core`),
    ...report.warnings.map((warning) => row("warning", warning)),
    row("result", report.problems.length === 0 ? "ok" : `FAILED: ${report.problems.join(", ")}`),
  ].join("\n");
}

function publisherLines(found: PublishersReport, seconds: number): string[] {
  if (found.connected === 0) return groupLines("publishers", found);
  return [
    ...groupLines("publishers", found),
    row("sent", traffic(found, seconds)),
    row("frames sent", `${found.frames.video} video, ${found.frames.audio} audio, ${found.dropped} messages dropped`),
  ];
}

function playerLines(found: PlayersReport, seconds: number): string[] {
  const { frames, lost, ran_back } = found;
  const lines = groupLines("players", found);
  if (frames.video + frames.audio === 0) return lines;
  lines.push(
    row("received", traffic(found, seconds)),
    row("frames received", `${frames.video} video, ${frames.audio} audio`),
  );
  if (found.synthetic) {
    const content = `${found.corrupt} corrupt (every byte of ${found.checked} players compared)`;
    lines.push(
      row("lost", `${lost.video} video, ${lost.audio} audio, in ${found.gaps} gaps`),
      row("order", `${found.disordered} out of order, ${found.dirty} starts not on a key frame`),
      row("content", content),
    );
  } else lines.push(row("order", `${found.dirty} starts not on a key frame`));
  lines.push(
    row("time ran back", `${ran_back.video} video, ${ran_back.audio} audio`),
    row("first frame", spread(found.first_frame_ms)),
    row("  after its play", spread(found.first_frame_after_play_ms)),
    row("longest gap", shortMs(found.longest_gap_ms)),
    row("delay", found.synthetic ? spread(found.delay_ms) : "unknown: this is no stream of srs bench"),
  );
  return lines;
}

function groupLines(what: string, found: GroupReport): string[] {
  const rest = found.not_tried > 0 ? `, ${found.not_tried} not tried` : "";
  const lines = [row(what, `${found.connected} of ${found.asked} connected, ${found.failed} failed${rest}`)];
  for (const [reason, count] of Object.entries(found.reasons)) lines.push(row("", `${count} × ${reason}`));
  if (found.connected > 0) lines.push(row("connected within", spread(found.connect_ms)));
  return lines;
}

function traffic({ mbps, kbps_each: { least, mean, most } }: GroupReport, seconds: number): string {
  const whole = (kbps: number): string => kbps.toFixed(0);
  if (seconds === 0) return "not measured: it ended while they were connecting";
  // No connection runs at the end, so there is no share to report.
  if (most === 0) return `${mbps.toFixed(1)} Mbit/s`;
  return `${mbps.toFixed(1)} Mbit/s, each ${whole(mean)} kbit/s (${whole(least)} to ${whole(most)})`;
}

function spread(values: Percentiles | null): string {
  if (values === null) return "unknown";
  const { p50, p90, p99, max } = values;
  return `p50 ${shortMs(p50)}, p90 ${shortMs(p90)}, p99 ${shortMs(p99)}, at most ${shortMs(max)}`;
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(18)}${value}`;
}

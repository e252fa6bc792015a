import { shortMs } from "./progress.ts";
import type {
  BenchReport,
  GroupReport,
  HlsReport,
  Percentiles,
  PlayersReport,
  PublishersReport,
  ReconnectsReport,
} from "./report.ts";

/** The formats of segments, in words. */
const FORMATS = { ts: " in MPEG-TS", fmp4: " in fragmented MP4", both: "" } as const;

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
  const { frames, lost, ran_back, reconnects } = found;
  const lines = groupLines("players", found);
  if (reconnects !== undefined) lines.push(...reconnectLines(reconnects));
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
  if (found.continuity_errors !== undefined)
    lines.push(row("MPEG-TS", `${found.continuity_errors} continuity counters that don't follow`));
  lines.push(row("time ran back", `${ran_back.video} video, ${ran_back.audio} audio`));
  if (found.hls !== undefined) lines.push(...hlsLines(found.hls));
  const begins = found.hls === undefined ? "first frame" : "playback after";
  lines.push(row(begins, spread(found.first_frame_ms)));
  if (found.first_frame_after_play_ms !== undefined)
    lines.push(row("  after its play", spread(found.first_frame_after_play_ms)));
  if (found.longest_gap_ms !== undefined) lines.push(row("longest gap", shortMs(found.longest_gap_ms)));
  if (!found.synthetic) lines.push(row("delay", "unknown: this is no stream of srs bench"));
  else {
    lines.push(row("delay", spread(found.delay_ms)));
    if (found.hls !== undefined) lines.push(...hlsDelayLines(found.hls));
  }
  return lines;
}

function reconnectLines({ count, outage_ms, reasons }: ReconnectsReport): string[] {
  const times = outage_ms === null ? "" : `, without media for ${spread(outage_ms)}`;
  return [
    row("reconnected", `${count} times${times}`),
    ...Object.entries(reasons).map(([reason, losses]) => row("", `${losses} × ${reason}`)),
  ];
}

function hlsLines(found: HlsReport): string[] {
  const { stalls, stalled_players, stall_ms, parts, deltas } = found;
  const lengths = stall_ms === null ? "" : ` in ${stalled_players} players: ${spread(stall_ms)}`;
  const lists = [`${found.playlists}`, `${found.not_modified} not modified`];
  if (deltas > 0) lists.push(`${deltas} without what was known`);
  const format = FORMATS[found.format ?? "both"];
  const hints = `${found.hinted} of them by hints, ${found.hints_unused} hints not used`;
  const faults = `${found.missed} missed, ${found.wrong_durations} of a wrong duration`;
  return [
    row("playlists", [...lists, `${found.sequence_back} went back`].join(", ")),
    row("segments", `${found.segments}${format}, ${faults}`),
    ...(parts > 0 ? [row("parts", `${parts}, ${hints}`)] : []),
    ...hlsChoiceLines(found),
    ...Object.entries(found.errors).map(([reason, count]) => row("", `${count} × ${reason}`)),
    row("stalls", `${stalls}${lengths}`),
  ];
}

/** What was played of variants, audio renditions and keys. */
function hlsChoiceLines({ audio, keys, key_changes, variants, switches }: HlsReport): string[] {
  const lines = Object.entries(variants).map(([name, segments], at) =>
    row(at === 0 ? "variants" : "", `${segments} segments of ${name}`),
  );
  const { up, down, misaligned, left, ms } = switches;
  if (up + down + left > 0) {
    const took = ms === null ? "" : `, after ${spread(ms)}`;
    lines.push(row("switches", `${up} up, ${down} down, ${misaligned} misaligned, ${left} from a lost variant${took}`));
  }
  if (audio.segments + audio.parts > 0)
    lines.push(row("audio apart", `${audio.segments} of the segments, ${audio.parts} of the parts`));
  if (keys > 0) lines.push(row("keys", `${keys} fetched, ${key_changes} changes`));
  return lines;
}

function hlsDelayLines({ segment_delay_ms, part_delay_ms }: HlsReport): string[] {
  const ofParts = part_delay_ms === null ? [] : [row("  of parts", spread(part_delay_ms))];
  const isPartsOnly = segment_delay_ms === null && part_delay_ms !== null;
  return isPartsOnly ? ofParts : [...ofParts, row("  of segments", spread(segment_delay_ms))];
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

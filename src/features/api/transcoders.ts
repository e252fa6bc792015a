import { maskText } from "../../base/mask.ts";
import type { TranscoderReport } from "../../live/ports/report.ts";
import { streamLabel } from "../../live/streams.ts";
import { idOf, namesOf } from "./ids.ts";
import { type Operation, pageOf, pageQuery } from "./operation.ts";
import type { Labels, PrometheusText } from "./prometheus.ts";
import type { ReportCache } from "./report-cache.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";

const transcoder = object({
  vhost: string,
  stream: string,
  url: string,
  engines: string,
  state: oneOf("queued", "starting", "running", "waiting"),
  failing: boolean,
  since: number,
  failing_since: orNull(number),
  pid: orNull(whole),
  lag_ms: whole,
  restarts: whole,
  next_retry: orNull(number),
  last_error: orNull(string),
});

/** Operations on FFmpeg's processes. */
export function transcoderOperations(reports: ReportCache): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/transcoders",
      role: "read",
      summary: "The FFmpeg processes of engines.",
      query: [...pageQuery, { name: "failing", doc: "1: only those that have failed since they last ran." }],
      answer: { transcoders: listOf(transcoder) },
      run: (call) => {
        const isFailing = call.query.get("failing") === "1";
        const all = reports.current.transcoders.filter((each) => !isFailing || each.failingSince !== undefined);
        return { list: "transcoders", items: all, page: pageOf(call), write };
      },
    },
  ];
}

/** The metrics of at most `max` processes, failing ones first. */
export function transcoderMetrics(text: PrometheusText, all: readonly TranscoderReport[], max: number): void {
  const order = (of: TranscoderReport) => (of.failingSince === undefined ? 1 : 0);
  const most = [...all].sort((a, b) => order(a) - order(b)).slice(0, max);
  const by = new Map<string, readonly [Labels, TranscoderReport]>();
  for (const each of most) {
    const labels = { engines: each.engines, ...namesOf(each.stream) };
    by.set(JSON.stringify(labels), [labels, each]);
  }
  const family = (value: (of: TranscoderReport) => number) =>
    [...by.values()].map(([labels, each]) => [labels, value(each)] as const);
  text.gauge(
    "srs_transcoder_up",
    "1 while the process runs and makes its streams.",
    family(({ state }) => (state === "running" ? 1 : 0)),
  );
  text.gauge(
    "srs_transcoder_lag_seconds",
    "How far the input of the process is behind the stream.",
    family(({ lagMs }) => lagMs / 1000),
  );
  text.counter(
    "srs_transcoder_restarts_total",
    "Starts after the first.",
    family(({ restarts }) => restarts),
  );
}

function write(of: TranscoderReport): object {
  return {
    vhost: idOf(namesOf(of.stream).vhost),
    stream: idOf(of.stream),
    url: streamLabel(of.stream),
    engines: of.engines,
    state: of.state,
    failing: of.failingSince !== undefined,
    since: Math.round(of.since),
    failing_since: rounded(of.failingSince),
    pid: of.pid ?? null,
    lag_ms: Math.round(of.lagMs),
    restarts: of.restarts,
    next_retry: rounded(of.nextRetryAt),
    last_error: of.lastError === undefined ? null : maskText(of.lastError),
  };
}

function rounded(at: number | undefined): number | null {
  return at === undefined ? null : Math.round(at);
}

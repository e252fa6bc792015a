import { maskText } from "../../base/mask.ts";
import type { HookReport } from "../../live/ports/report.ts";
import { type Operation, pageOf, pageQuery } from "./operation.ts";
import type { PrometheusText } from "./prometheus.ts";
import type { ReportCache } from "./report-cache.ts";
import { boolean, listOf, number, object, orNull, string, whole } from "./schema.ts";

const hook = object({
  event: string,
  to: string,
  failing: boolean,
  failing_since: orNull(number),
  last_error: orNull(string),
  waiting: whole,
  allowed: whole,
  refused: whole,
  failed: whole,
  dropped: whole,
});

/** Operations on the back ends of HTTP hooks. */
export function hookOperations(reports: ReportCache): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/hooks",
      role: "read",
      summary: "Results of the calls of HTTP hooks, by event and back end.",
      query: [...pageQuery, { name: "failing", doc: "1: only those of back ends whose last call failed." }],
      answer: { hooks: listOf(hook) },
      run: (call) => {
        const isFailing = call.query.get("failing") === "1";
        const all = reports.current.hooks.filter((each) => !isFailing || each.failingSince !== undefined);
        return { list: "hooks", items: all, page: pageOf(call), write };
      },
    },
  ];
}

/** The metrics of hooks. Their number is bounded by the URLs in the configuration. */
export function hookMetrics(text: PrometheusText, all: readonly HookReport[]): void {
  const labels = ({ event, to }: HookReport) => ({ event, to });
  const results = ["allowed", "refused", "failed"] as const;
  text.counter(
    "srs_hook_calls_total",
    "Calls of HTTP hooks, by result.",
    all.flatMap((each) => results.map((result) => [{ ...labels(each), result }, each[result]] as const)),
  );
  text.counter(
    "srs_hook_dropped_total",
    "Notifications that were given up, since too many waited or for too long.",
    all.map((each) => [labels(each), each.dropped] as const),
  );
  text.gauge(
    "srs_hook_waiting",
    "Calls that are under way or wait.",
    all.map((each) => [labels(each), each.waiting] as const),
  );
  text.gauge(
    "srs_hook_up",
    "0 while the last call of the back end failed.",
    all.map((each) => [labels(each), each.failingSince === undefined ? 1 : 0] as const),
  );
}

function write(of: HookReport): object {
  return {
    event: of.event,
    to: of.to,
    failing: of.failingSince !== undefined,
    failing_since: of.failingSince === undefined ? null : Math.round(of.failingSince),
    last_error: of.lastError === undefined ? null : maskText(of.lastError),
    waiting: of.waiting,
    allowed: of.allowed,
    refused: of.refused,
    failed: of.failed,
    dropped: of.dropped,
  };
}

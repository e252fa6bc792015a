import type { HealthReport } from "../../live/ports/health.ts";
import type { Report } from "../../live/ports/report.ts";
import type { ApiContext } from "./context.ts";

/** Features are asked at most this often, ms. */
const FRESH_MS = 1000;

/** What all features report, for callers that come each second and in numbers: it costs a walk over all clients. */
export class ReportCache {
  readonly #context: Pick<ApiContext, "clock" | "report">;
  #at = Number.NEGATIVE_INFINITY;
  #report: Required<Report> | undefined;
  #health:
    | { readonly of: Required<Report>; readonly byStream: ReadonlyMap<string, readonly HealthReport[]> }
    | undefined;

  constructor(context: Pick<ApiContext, "clock" | "report">) {
    this.#context = context;
  }

  /** No older than a second. */
  get current(): Required<Report> {
    const { clock, report } = this.#context;
    const now = clock.now();
    if (this.#report === undefined || now - this.#at >= FRESH_MS) {
      this.#report = report();
      this.#at = now;
    }
    return this.#report;
  }

  /** Something was changed by hand: the next caller sees what came of it. */
  renew(): void {
    this.#report = undefined;
  }

  /** What is wrong with streams, by their keys. */
  get healthOf(): ReadonlyMap<string, readonly HealthReport[]> {
    const of = this.current;
    if (this.#health?.of !== of) this.#health = { of, byStream: Map.groupBy(of.health, ({ stream }) => stream) };
    return this.#health.byStream;
  }

  /** When `current` was made, monotonic ms. */
  get madeAt(): number {
    return this.#at;
  }
}

import type { HealthReport } from "../../live/ports/health.ts";
import type { Report } from "../../live/ports/report.ts";
import type { ApiContext } from "./context.ts";

/** Features make their reports at most this often, ms. */
const FRESH_MS = 1000;

/** The reports of all features, cached for many callers that ask each second, as making them walks over all clients. */
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

  /** The reports, at most a second old. */
  get current(): Required<Report> {
    const { clock, report } = this.#context;
    const now = clock.now();
    if (this.#report === undefined || now - this.#at >= FRESH_MS) {
      this.#report = report();
      this.#at = now;
    }
    return this.#report;
  }

  /** Discards the cached reports after a change by hand, so that the next caller sees its effect. */
  renew(): void {
    this.#report = undefined;
  }

  /** Health reports of unhealthy streams, by the stream's key. */
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

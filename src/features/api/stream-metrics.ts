import { HEALTH_STATES } from "../../live/ports/health.ts";
import type { Stream } from "../../live/stream.ts";
import type { ApiContext } from "./context.ts";
import { type KeyNames, namesOf } from "./ids.ts";
import { type Labels, type PrometheusText, Series } from "./prometheus.ts";
import type { ReportCache } from "./report-cache.ts";
import type { Traffic } from "./traffic.ts";

const REPAIRS = ["jump", "held", "moved", "wrap"] as const;
/** The numbers of all healthy streams: one shared array, which `Series` compares fast. */
const NO_HEALTH: readonly number[] = HEALTH_STATES.map(() => 0);

/** The series of one stream. */
class StreamSeries {
  readonly #names: KeyNames;
  /** Series by the metric's name. */
  readonly #all = new Map<string, Series>();

  constructor(names: KeyNames) {
    this.#names = names;
  }

  line(name: string, value: number): string {
    return this.#of(name, () => [{ ...this.#names }]).lines([value]);
  }

  repairs(name: string, numbers: readonly number[]): string {
    return this.#of(name, () => REPAIRS.map((kind) => ({ ...this.#names, kind }))).lines(numbers);
  }

  health(name: string, numbers: readonly number[]): string {
    return this.#of(name, () => HEALTH_STATES.map((state) => ({ ...this.#names, state }))).lines(numbers);
  }

  #of(name: string, labels: () => readonly Labels[]): Series {
    let series = this.#all.get(name);
    if (series === undefined) {
      series = new Series(name, labels());
      this.#all.set(name, series);
    }
    return series;
  }
}

/** The numbers of one stream, or of the sum of several. */
interface StreamNumbers {
  readonly series: StreamSeries;
  viewers: number;
  received: number;
  sent: number;
  receivedRate: number;
  frames: number;
  lost: number;
  switches: number;
  /** In the order of `REPAIRS`. */
  repairs: readonly number[];
  /** In the order of `HEALTH_STATES`. */
  health: readonly number[];
  /** Undefined if it is unknown. */
  ageMs: number | undefined;
}

/** The numbers of streams for Prometheus. */
export class StreamMetrics {
  readonly #context: Pick<ApiContext, "config" | "streams">;
  readonly #traffic: Traffic;
  readonly #reports: ReportCache;
  readonly #series = new WeakMap<Stream, StreamSeries>();
  /** The series of the sum of all streams without metrics of their own. */
  readonly #others = new StreamSeries({ vhost: "", app: "", stream: "" });

  constructor(context: Pick<ApiContext, "config" | "streams">, traffic: Traffic, reports: ReportCache) {
    this.#context = context;
    this.#traffic = traffic;
    this.#reports = reports;
  }

  write(text: PrometheusText): void {
    const all = this.#numbers();
    const family = (name: string, help: string, value: (of: StreamNumbers) => number, type: "gauge" | "counter") => {
      const whole = `srs_stream_${name}`;
      let lines = "";
      for (const of of all) lines += of.series.line(whole, value(of));
      text[type](whole, help, lines);
    };
    family("viewers", "Clients that play the stream.", ({ viewers }) => viewers, "gauge");
    family("received_bytes_total", "Bytes of media from the stream's sources.", ({ received }) => received, "counter");
    family("sent_bytes_total", "Bytes of media to its players.", ({ sent }) => sent, "counter");
    family(
      "bitrate_bytes_per_second",
      "What its sources send, over 30 s.",
      ({ receivedRate }) => Math.round(receivedRate),
      "gauge",
    );
    family("video_frames_total", "Video frames from its active source.", ({ frames }) => frames, "counter");
    family("lost_packets_total", "Packets that players were too slow for.", ({ lost }) => lost, "counter");
    family("source_switches_total", "Times that another source became active.", ({ switches }) => switches, "counter");
    const repairs = "srs_stream_timestamp_repairs_total";
    const repaired = all.map((of) => of.series.repairs(repairs, of.repairs));
    text.counter(repairs, "Timestamps that were corrected, by kind.", repaired.join(""));
    const age = "srs_stream_age_seconds";
    const ages = all.map(({ series, ageMs }) => (ageMs === undefined ? "" : series.line(age, ageMs / 1000)));
    text.gauge(age, "How old packets are that leave here, since they came to the first server.", ages.join(""));
    const unhealthy = "srs_stream_unhealthy";
    const states = all.map((of) => of.series.health(unhealthy, of.health));
    text.gauge(unhealthy, "1 while this is wrong with the stream, by state.", states.join(""));
  }

  /** The streams with most viewers, then the sum of the others with empty labels. */
  #numbers(): readonly StreamNumbers[] {
    const { config, streams } = this.#context;
    const counted = this.#traffic.counted;
    const max = config().metrics_streams;
    const viewers = (stream: Stream) => counted.get(stream)?.players ?? 0;
    const sorted = [...streams.all()].sort((a, b) => viewers(b) - viewers(a));
    const named = sorted.slice(0, max).map((stream) => this.#numbersOf(stream, this.#seriesOf(stream)));
    if (sorted.length <= max) return named;
    const sum = noNumbers(this.#others);
    for (const stream of sorted.slice(max)) add(sum, this.#numbersOf(stream, sum.series));
    return [...named, sum];
  }

  #numbersOf(stream: Stream, series: StreamSeries): StreamNumbers {
    const { players, sent, lost } = this.#traffic.clientsOf(stream);
    const { corrections, source, sources } = stream;
    const reports = this.#reports.healthOf.get(stream.key);
    const health =
      reports === undefined
        ? NO_HEALTH
        : HEALTH_STATES.map((wanted) => (reports.some(({ state }) => state === wanted) ? 1 : 0));
    return {
      series,
      viewers: players,
      received: this.#traffic.receivedBy(stream),
      sent,
      receivedRate: this.#traffic.ratesOf(stream).received,
      frames: source?.videoFrames ?? 0,
      lost,
      switches: sources.switches,
      repairs: REPAIRS.map((kind) => corrections.of(kind)),
      health,
      ageMs: stream.ageMs(),
    };
  }

  #seriesOf(stream: Stream): StreamSeries {
    let series = this.#series.get(stream);
    if (series === undefined) {
      series = new StreamSeries(namesOf(stream.key));
      this.#series.set(stream, series);
    }
    return series;
  }
}

function noNumbers(series: StreamSeries): StreamNumbers {
  const counts = { viewers: 0, received: 0, sent: 0, receivedRate: 0, frames: 0, lost: 0, switches: 0 };
  return { series, ...counts, repairs: REPAIRS.map(() => 0), health: NO_HEALTH, ageMs: undefined };
}

function add(sum: StreamNumbers, more: StreamNumbers): void {
  sum.viewers += more.viewers;
  sum.received += more.received;
  sum.sent += more.sent;
  sum.receivedRate += more.receivedRate;
  sum.frames += more.frames;
  sum.lost += more.lost;
  sum.switches += more.switches;
  sum.repairs = added(sum.repairs, more.repairs);
  if (more.ageMs !== undefined) sum.ageMs = Math.max(sum.ageMs ?? 0, more.ageMs);
  if (more.health !== NO_HEALTH) sum.health = added(sum.health, more.health);
}

function added(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, at) => value + (b[at] ?? 0));
}

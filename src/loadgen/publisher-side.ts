import type { Timer } from "../base/clock.ts";
import type { Connection } from "./connection.ts";
import type { BenchContext } from "./context.ts";
import { FileSource } from "./file-source.ts";
import { Group } from "./group.ts";
import type { PublishPlan } from "./plan.ts";
import type { PublishersProgress } from "./progress.ts";
import { Publisher, type PublisherContext, PublisherTotals } from "./publisher.ts";
import { Ramp } from "./ramp.ts";
import { type PublishersReport, publishersReport } from "./report.ts";
import type { MediaSource, SourceMessage } from "./source.ts";
import { SyntheticKit, SyntheticSource } from "./synthetic-source.ts";
import { TrafficMeter } from "./traffic.ts";

/** How often messages are checked for being due. */
const PUMP_MS = 5;
/** How often servers' acknowledgements are checked. */
const LOOK_MS = 1000;

/** All publishers of a run. */
export class PublisherSide {
  readonly group: Group;
  readonly #rate: number;
  readonly #context: PublisherContext;
  readonly #publishers: Publisher[] = [];
  readonly #totals = new PublisherTotals();
  readonly #plan: PublishPlan;
  readonly #makeSource: () => MediaSource;
  readonly #headers: readonly SourceMessage[];
  #ramp: Ramp | undefined;
  #pump: Timer | undefined;
  #looking: Timer | undefined;
  #meter: TrafficMeter<Connection> | undefined;
  #sentAtProgress = 0;

  constructor(context: BenchContext, plan: PublishPlan, rate: number) {
    const { content } = plan;
    this.#plan = plan;
    this.#rate = rate;
    this.group = new Group(plan.count);
    this.#context = { ...context, group: this.group, totals: this.#totals };
    if ("messages" in content) {
      this.#makeSource = () => new FileSource(content);
      this.#headers = [];
    } else {
      const kit = new SyntheticKit(content);
      this.#makeSource = () => new SyntheticSource(kit, randomU32(context));
      this.#headers = kit.headers;
    }
  }

  /** Starts to connect; an admitted connection publishes at once. */
  start(): void {
    const { clock } = this.#context;
    this.#ramp = new Ramp(clock, this.group, this.#rate, (number) => {
      const target = this.#plan.url.publishTarget(number);
      this.#publishers.push(new Publisher(this.#context, target, this.#makeSource(), this.#headers));
    });
    this.#pump = clock.every(PUMP_MS, () => {
      for (const publisher of this.#publishers) publisher.pump(clock.now());
    });
    this.#looking = clock.every(LOOK_MS, () => {
      for (const { connection } of this.#publishers) connection.look();
    });
  }

  /** The measurement starts. */
  measure(nowMs: number): void {
    const connections = this.#publishers.map(({ connection }) => connection);
    this.#meter = new TrafficMeter(connections, ({ bytesSent }) => bytesSent, nowMs);
  }

  /** The progress since the last call. */
  progress(seconds: number): PublishersProgress {
    const { running, asked, failed } = this.group;
    const sent = this.#publishers.reduce((sum, { connection }) => sum + connection.bytesSent, 0);
    const mbps = ((sent - this.#sentAtProgress) * 8) / 1e6 / seconds;
    this.#sentAtProgress = sent;
    return { running, asked, failed, mbps, dropped: this.#totals.dropped };
  }

  /** The measurement ends; nothing more is sent. */
  finish(nowMs: number): PublishersReport {
    this.#ramp?.stop();
    this.#pump?.cancel();
    this.#looking?.cancel();
    if (this.#meter === undefined) this.measure(nowMs);
    const traffic = this.#meter?.read(nowMs) ?? { seconds: 0, bytes: 0, each: [] };
    return publishersReport(this.group, this.#totals, traffic);
  }

  close(): void {
    for (const { connection } of this.#publishers) connection.close();
  }
}

function randomU32({ random }: BenchContext): number {
  const bytes = new Uint8Array(4);
  random(bytes);
  return new DataView(bytes.buffer).getUint32(0);
}

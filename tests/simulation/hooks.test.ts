import { expect, test } from "bun:test";
import type { HookResult } from "../../src/features/hooks/answer.ts";
import { Calls } from "../../src/features/hooks/calls.ts";
import { parseHookUrl } from "../../src/features/hooks/hook-url.ts";
import { type CallFate, FakeBackEnds, passTime, type ReceivedCall } from "../support/fake-back-end.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { mulberry32, pick } from "../support/random.ts";
import { RecordingLog } from "../support/recording-log.ts";

const urls = ["http://one.example/hooks", "http://two.example/hooks"].map(parseHookUrl);
const settings = { timeoutMs: 3000, secret: "" };
const CLIENTS = 40;

/** One event as it was handed over, and what came of it. */
interface Event {
  readonly client: string;
  readonly url: string;
  /** Its place among the events of its client at this back end. */
  readonly order: number;
  readonly kind: "decision" | "notification";
  readonly at: number;
  /** What the back end answers. */
  readonly code: number;
  /** Ids that it arrived with, one for each arrival. */
  readonly arrivals: { readonly id: string; readonly at: number }[];
  result: HookResult | undefined;
  answeredAt: number;
  answers: number;
}

/** Clients whose events go to two back ends, which are slow, lose calls and answers, break, hang and restart. */
class Simulation {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly backEnds = new FakeBackEnds(this.clock);
  readonly events: Event[] = [];
  readonly calls: Calls;
  readonly log = new RecordingLog();
  /** Back ends that are down, hang or answer nonsense, and until when. */
  readonly #trouble = new Map<string, { readonly kind: "down" | "hangs" | "breaks"; readonly until: number }>();
  #isCalm = false;
  #ids = 0;

  constructor(seed: number) {
    this.random = mulberry32(seed);
    this.calls = new Calls({
      clock: this.clock,
      log: this.log,
      httpPost: this.backEnds.post,
      randomNumber: this.random,
      randomHex: () => String(++this.#ids),
    });
    this.backEnds.fate = (call) => this.#fate(call);
  }

  async run(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (const { href } of urls) this.#injectFault(href);
      for (let count = this.random() * 12; count > 0; count--) this.#happen();
      await passTime(this.clock, 1000, 100);
      this.#note();
    }
  }

  /** All is well again, until everything is delivered. */
  async calm(): Promise<void> {
    this.#isCalm = true;
    for (let second = 0; second < 200 && !this.calls.idle; second++) {
      await passTime(this.clock, 1000, 100);
      this.#note();
    }
  }

  #injectFault(href: string): void {
    const now = this.clock.now();
    if ((this.#trouble.get(href)?.until ?? 0) > now || this.random() > 0.05) return;
    const kind = pick(this.random, ["down", "hangs", "breaks"] as const);
    this.#trouble.set(href, { kind, until: now + this.random() * 40_000 });
  }

  #happen(): void {
    const client = `c${Math.floor(this.random() * CLIENTS)}`;
    const url = pick(this.random, urls);
    const kind = this.random() < 0.4 ? "decision" : "notification";
    const order = this.events.filter((event) => event.client === client && event.url === url.href).length;
    const code = this.random() < 0.7 ? 0 : 1;
    const common = { client, url: url.href, order, kind, code, at: this.clock.now() } as const;
    const event: Event = { ...common, arrivals: [], result: undefined, answeredAt: 0, answers: 0 };
    const body = { action: kind === "decision" ? "on_play" : "on_stop", client_id: client, number: this.events.length };
    this.events.push(event);
    const answered = (result: HookResult) => {
      event.result = result;
      event.answeredAt = this.clock.now();
      event.answers++;
    };
    if (kind === "decision") void this.calls.ask(client, url, body, settings).then(answered);
    else this.calls.notify(client, url, body, settings, answered);
  }

  #fate({ url, body }: ReceivedCall): CallFate {
    const thereMs = 1 + this.random() * 50;
    const text = JSON.stringify({ code: this.events[Number(body.number)]?.code });
    if (this.#isCalm) return { thereMs, text };
    const trouble = this.#trouble.get(url);
    if (trouble !== undefined && trouble.until > this.clock.now()) {
      if (trouble.kind === "down") return { thereMs, isLost: true, error: "connection refused" };
      return trouble.kind === "hangs" ? { thereMs, hangs: true } : { thereMs, status: 502, text: "<html>" };
    }
    const chance = this.random();
    if (chance < 0.05) return { thereMs, isLost: true, hangs: true };
    // The back end has it, and the server does not know.
    if (chance < 0.15) return { thereMs, error: "connection reset" };
    if (chance < 0.25) return { thereMs, backMs: this.random() * 6000, text };
    return { thereMs, backMs: this.random() * 100, text };
  }

  /** Notes what has arrived since the last time, in its order. */
  #note(): void {
    for (const { id, body } of this.backEnds.received.splice(0))
      this.events[Number(body.number)]?.arrivals.push({ id, at: this.#arrived++ });
  }
  #arrived = 0;
}

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  "events of clients reach back ends in order, each decision has its answer in time, and nothing is lost (seed %i)",
  async (seed) => {
    const simulation = new Simulation(seed);
    await simulation.run(120);
    await simulation.calm();
    const { events, calls, backEnds } = simulation;
    expect(calls.idle).toBe(true);
    expect(calls.reports().every(({ dropped, waiting }) => dropped === 0 && waiting === 0)).toBe(true);
    expect(backEnds.maxUnderWay).toBeLessThanOrEqual(128);
    expect(simulation.clock.timers).toBe(0);
    for (const event of events) {
      expect(event.answers).toBe(1);
      // Each attempt is the same event to the back end.
      expect(new Set(event.arrivals.map(({ id }) => id)).size).toBeLessThanOrEqual(1);
      if (event.kind === "notification") expect(event.arrivals.length).toBeGreaterThan(0);
      else {
        expect(event.arrivals.length).toBeLessThanOrEqual(1);
        expect(event.answeredAt - event.at).toBeLessThanOrEqual(settings.timeoutMs + 200);
      }
      if (event.result?.kind === "failed") expect(event.kind).toBe("decision");
      else expect(event.result?.kind).toBe(event.code === 0 ? "allowed" : "refused");
    }
    for (const { href } of urls)
      for (let client = 0; client < CLIENTS; client++) {
        const own = events.filter((event) => event.client === `c${client}` && event.url === href);
        const arrivals = own.flatMap(({ order, arrivals }) => arrivals.map(({ at }) => ({ at, order })));
        const orders = arrivals.toSorted((a, b) => a.at - b.at).map(({ order }) => order);
        expect(orders).toEqual(orders.toSorted((a, b) => a - b));
      }
  },
);

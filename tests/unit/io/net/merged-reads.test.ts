import { beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { MergedReads, ReadPause } from "../../../../src/io/net/merged-reads.ts";
import { Tcp } from "../../../../src/io/net/tcp.ts";
import { TcpTransport } from "../../../../src/io/net/tcp-transport.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { End } from "../../../support/tcp-ends.ts";

/** A peer that sends all the time: what it has sent comes when the socket is read. */
class Sender {
  readonly transport: TcpTransport;
  readonly socket: Socket<unknown>;
  readonly end = new End();
  /** When it was read, and how many bytes came. */
  readonly reads: { readonly at: number; readonly bytes: number }[] = [];
  readonly #clock: FakeClock;
  readonly #bytesPerMs: number;
  #paused = false;
  #readAt = 0;

  constructor(clock: FakeClock, tcp: Tcp, bytesPerMs: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerMs;
    this.socket = {
      write: (bytes: Uint8Array) => bytes.length,
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        clock.soon(() => this.read());
      },
      shutdown() {},
      terminate() {},
    } as unknown as Socket<unknown>;
    this.transport = new TcpTransport(this.socket, { host: "10.0.0.1", port: 5 }, clock, tcp);
    this.transport.attach(this.end);
  }

  get paused(): boolean {
    return this.#paused;
  }

  read(): void {
    const now = this.#clock.now();
    const bytes = Math.round((now - this.#readAt) * this.#bytesPerMs);
    if (this.#paused || bytes === 0) return;
    this.#readAt = now;
    this.reads.push({ at: now, bytes });
    this.transport.onData(new Uint8Array(bytes));
  }
}

let clock: FakeClock;
let tcp: Tcp;

beforeEach(() => {
  clock = new FakeClock();
  tcp = new Tcp(clock);
});

/** Lets time pass for senders, a frame each 40 ms. */
function run(ms: number, ...senders: Sender[]): void {
  for (let left = ms; left > 0; left -= 40) {
    clock.advance(40);
    for (const sender of senders) sender.read();
  }
}

describe("A connection whose reads may be merged", () => {
  test("is read five times a second instead of with each frame, until merging ends; nothing is lost", () => {
    const sender = new Sender(clock, tcp, 75);
    run(2000, sender);
    expect(sender.reads).toHaveLength(50);
    sender.transport.mergeReads(true);
    run(2000, sender);
    sender.reads.length = 0;
    run(2000, sender);
    expect(sender.reads.length).toBeLessThanOrEqual(11);
    for (const { bytes } of sender.reads) expect(bytes).toBeLessThanOrEqual(220 * 75);
    sender.transport.mergeReads(false);
    sender.reads.length = 0;
    run(2000, sender);
    expect(sender.reads.length).toBeGreaterThanOrEqual(50);
    expect(sender.end.received).toBe(8000 * 75);
  });

  test("is read at once during a pause when a reader needs its input again", () => {
    const sender = new Sender(clock, tcp, 75);
    sender.transport.mergeReads(true);
    run(2000, sender);
    expect(sender.paused).toBe(true);
    sender.transport.mergeReads(false);
    expect(sender.paused).toBe(false);
    clock.settle();
    expect(sender.reads.at(-1)?.at).toBe(clock.now());
  });

  test("pauses no longer than its peer can send without an acknowledgement", () => {
    const sender = new Sender(clock, tcp, 2500);
    sender.transport.mergeReads(true);
    run(4000, sender);
    for (const { bytes } of sender.reads.slice(20)) expect(bytes).toBeLessThanOrEqual(40 * 2500);
  });

  test("is read as it comes with TLS: the runtime loses what a paused socket has not read when its peer closes", () => {
    const sender = new Sender(clock, tcp, 75);
    sender.transport.useSocket(sender.socket, true);
    sender.transport.mergeReads(true);
    run(2000, sender);
    expect(sender.reads).toHaveLength(50);
  });

  test("has no timer once it is closed", () => {
    const sender = new Sender(clock, tcp, 75);
    const { timers } = clock;
    sender.transport.mergeReads(true);
    run(1000, sender);
    sender.transport.abort();
    clock.advance(300);
    expect(clock.timers).toBe(timers);
  });
});

test("Each connection is read when its own pause is over, by one timer for all", () => {
  const reads = new MergedReads(clock);
  const { timers } = clock;
  const woken: string[] = [];
  const pause = (name: string, ms: number) =>
    reads.pause({ endReadPause: () => woken.push(`${name} ${clock.now()}`) }, ms) ? clock.timers - timers : "no pause";
  clock.advance(5);
  expect([pause("a", 100), pause("b", 300), pause("c", 40), pause("d", 100), pause("e", 14)]).toEqual([
    1,
    1,
    1,
    1,
    "no pause",
  ]);
  clock.advance(50);
  expect([pause("f", 60), clock.timers - timers]).toEqual([1, 1]);
  clock.advance(1000);
  expect(woken).toEqual(["c 40", "a 100", "d 100", "f 100", "b 300"]);
  expect(clock.timers).toBe(timers);
});

describe("A read pause", () => {
  const FIRST_READS = 25;

  /** The pauses after reads of these sizes, which follow the first ones. */
  function pauses(...reads: number[]): number[] {
    const pause = new ReadPause();
    for (let count = 0; count < FIRST_READS; count++) pause.after(1);
    return reads.map((bytes) => pause.after(bytes));
  }

  test("does not follow the first reads, so that a viewer that comes then gets what was just sent", () => {
    const pause = new ReadPause();
    const times = Array.from({ length: FIRST_READS + 1 }, () => pause.after(1000));
    expect(times).toEqual([...new Array<number>(FIRST_READS).fill(0), 20]);
  });

  test("becomes longer, to 400 ms, while reads bring little", () => {
    const times = pauses(...new Array<number>(25).fill(1000));
    expect(times.slice(0, 3)).toEqual([20, 40, 60]);
    expect(times.slice(19)).toEqual([400, 400, 400, 400, 400, 400]);
  });

  test("stays while a read brings enough, and is halved when it brings much", () => {
    expect(pauses(1, 1, 1, 1, 20_000, 50_000, 50_000, 50_000)).toEqual([20, 40, 60, 80, 80, 40, 20, 0]);
  });
});

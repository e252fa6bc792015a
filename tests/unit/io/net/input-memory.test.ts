import { describe, expect, test } from "bun:test";
import { type InputHolder, InputMemory } from "../../../../src/io/net/input-memory.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const MIB = 1024 * 1024;

/** A connection that keeps what a test says. */
class Holder implements InputHolder {
  readonly #memory: InputMemory;
  inputBytes = 0;
  publishes: boolean;
  unread = false;
  reason: string | undefined;

  constructor(memory: InputMemory, publishes = false) {
    this.#memory = memory;
    this.publishes = publishes;
  }

  keep(bytes: number): this {
    const more = bytes - this.inputBytes;
    this.inputBytes = bytes;
    this.#memory.count(this, more);
    if (this.reason === undefined) this.#memory.review(this);
    return this;
  }

  leaveUnread(unread: boolean): void {
    this.unread = unread;
  }

  cut(reason: string): void {
    this.reason ??= reason;
    this.keep(0);
    this.#memory.forget(this);
  }
}

function stage(limitMib = 64) {
  const clock = new FakeClock();
  const memory = new InputMemory(clock);
  memory.limit = limitMib * MIB;
  return { clock, memory, client: () => new Holder(memory), publisher: () => new Holder(memory, true) };
}

describe("While there is room", () => {
  test("a client that does not publish is read until it holds 1 MiB, and again when it holds less", () => {
    const { clock, client, memory } = stage();
    const one = client().keep(MIB);
    expect(one.unread).toBe(false);
    one.keep(MIB + 1);
    expect([one.unread, memory.unread]).toEqual([true, 1]);
    one.keep(MIB);
    clock.settle();
    expect([one.unread, memory.unread]).toEqual([false, 0]);
    clock.advance(60_000);
    expect(one.reason).toBeUndefined();
  });

  test("a client that holds more for 5 s is closed, but a publisher is not", () => {
    const { clock, client, publisher, memory } = stage();
    const one = client().keep(2 * MIB);
    const other = publisher().keep(20 * MIB);
    clock.advance(4000);
    expect(one.reason).toBeUndefined();
    clock.advance(2000);
    expect(one.reason).toContain("more than the 1048576 of a connection that does not publish");
    expect([other.unread, other.reason, memory.bytes]).toEqual([false, undefined, 20 * MIB]);
    expect(clock.timers).toBe(0);
  });

  test("a client that begins to publish is read again", () => {
    const { clock, client } = stage();
    const one = client().keep(2 * MIB);
    one.publishes = true;
    one.keep(3 * MIB);
    expect(one.unread).toBe(false);
    clock.advance(60_000);
    expect(one.reason).toBeUndefined();
  });
});

describe("Beyond the limit", () => {
  test("clients that do not publish and hold more than a handshake are not read until there is room, and others are", () => {
    const { clock, client, publisher } = stage();
    const hoarder = publisher().keep(63 * MIB);
    const others = [client().keep(MIB), client().keep(100_000)];
    const newcomer = client().keep(5000);
    const another = client().keep(100_000);
    expect([...others, newcomer, another].map(({ unread }) => unread)).toEqual([false, true, false, true]);
    hoarder.keep(10 * MIB);
    clock.settle();
    expect([...others, newcomer, another].map(({ unread }) => unread)).toEqual([false, false, false, false]);
  });

  test("clients that don't publish are closed after 5 s; publishers only if that is not enough, those that hold most first", () => {
    const { clock, client, publisher, memory } = stage();
    const clients = Array.from({ length: 10 }, () => client().keep(MIB));
    const small = Array.from({ length: 10 }, () => publisher().keep(MIB / 10));
    const big = [publisher().keep(20 * MIB), publisher().keep(31 * MIB), publisher().keep(5 * MIB)];
    clock.advance(4000);
    expect([...clients, ...small, ...big].every(({ reason }) => reason === undefined)).toBe(true);
    clock.advance(3000);
    expect(clients.filter(({ reason }) => reason !== undefined).length).toBeGreaterThan(0);
    expect([...small, ...big].every(({ reason }) => reason === undefined)).toBe(true);
    const [first, second, third] = big;
    first?.keep(30 * MIB);
    third?.keep(6 * MIB);
    clock.advance(7000);
    expect([first?.reason, third?.reason]).toEqual([undefined, undefined]);
    expect(second?.reason).toMatch(/all input together takes \d+ bytes, more than input_memory, 67108864/);
    expect(small.every(({ reason }) => reason === undefined)).toBe(true);
    expect(memory.bytes).toBeLessThan(64 * MIB);
  });

  test("memory never exceeds twice the limit, whatever comes in one turn", () => {
    const { clock, client, publisher, memory } = stage(4);
    const clients = Array.from({ length: 1000 }, () => client());
    for (const one of clients) one.keep(512 * 1024);
    expect(memory.bytes).toBeLessThanOrEqual(8 * MIB);
    expect(clients.at(-1)?.reason).toContain("more than input_memory");
    const publishers = Array.from({ length: 4 }, () => publisher().keep(3 * MIB));
    clock.settle();
    expect(memory.bytes).toBeLessThanOrEqual(4 * MIB);
    expect(publishers.filter(({ reason }) => reason === undefined).length).toBeGreaterThan(0);
  });

  test("unread clients are read again in their order, as many at once as there is room for", () => {
    const { clock, client, publisher } = stage(4);
    const hoarder = publisher().keep(4 * MIB + 1);
    const clients = Array.from({ length: 10 }, () => client().keep(20_000));
    expect(clients.every(({ unread }) => unread)).toBe(true);
    hoarder.keep(2 * MIB);
    clock.turn();
    const again = clients.filter(({ unread }) => !unread).length;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThanOrEqual(4);
    expect(clients.slice(0, again).every(({ unread }) => !unread)).toBe(true);
    clock.settle();
    expect(clients.some(({ unread }) => unread)).toBe(false);
  });

  test("a higher limit applies at once", () => {
    const { clock, memory, client, publisher } = stage(4);
    publisher().keep(5 * MIB);
    const one = client().keep(20_000);
    expect(one.unread).toBe(true);
    memory.limit = 64 * MIB;
    clock.settle();
    expect(one.unread).toBe(false);
    clock.advance(60_000);
    expect(clock.timers).toBe(0);
  });
});

import { expect, test } from "bun:test";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { joinSlowOwner, READ, slowOwner } from "../../../support/slow-owner.ts";

test("of clients that come all at once, some are served in this turn and the rest in the next ones", () => {
  const { clock, tcp } = slowOwner(1);
  const clients = Array.from({ length: 6 }, () => joinSlowOwner(tcp, clock, 1));
  for (const { transport } of clients) transport.onData(new Uint8Array(2048));
  const served = () => clients.map(({ state }) => state.slices.length);
  expect([served(), clock.now()]).toEqual([[1, 1, 0, 0, 0, 0], 4]);
  expect(clients.map(({ state }) => state.paused)).toEqual([false, false, true, true, true, true]);
  clock.turn();
  expect([served(), clock.now()]).toEqual([[1, 1, 1, 1, 0, 0], 8]);
  clock.turn();
  expect([served(), clock.now()]).toEqual([[1, 1, 1, 1, 1, 1], 12]);
  expect(clients.map(({ state }) => state.paused)).toEqual([false, false, false, false, false, false]);
});

test("present clients that wait do not wait for new ones", () => {
  const { clock, state, transport, tcp } = slowOwner(1);
  transport.onData(new Uint8Array(4096));
  const clients = Array.from({ length: 20 }, () => joinSlowOwner(tcp, clock, 1));
  for (const client of clients) client.transport.onData(new Uint8Array(2048));
  transport.onData(new Uint8Array(READ));
  const before = state.slices.length;
  clock.turn();
  expect(state.slices.length).toBeGreaterThan(before);
  expect(clients.filter((client) => client.state.slices.length === 0).length).toBeGreaterThan(0);
});

test("new clients do not delay present ones", () => {
  const { clock, tcp, transport, state } = slowOwner(0);
  transport.onData(new Uint8Array(4096));
  joinSlowOwner(tcp, clock, 10).transport.onData(new Uint8Array(1024));
  const late = joinSlowOwner(tcp, clock, 0);
  late.transport.onData(new Uint8Array(100));
  transport.onData(new Uint8Array(100));
  expect([state.slices.length, late.state.slices.length]).toEqual([2, 0]);
});

test("of clients that leave all at once, some end in this turn and the rest in the next ones", () => {
  const { clock, tcp } = slowOwner(1);
  const clients = Array.from({ length: 6 }, () => joinSlowOwner(tcp, clock, 1));
  for (const { state } of clients) state.endMs = 2;
  for (const { transport } of clients) transport.onClose(undefined);
  const ended = () => clients.map(({ state }) => state.closed.length);
  expect(clients.map(({ state }) => state.hungUp)).toEqual([1, 1, 1, 1, 1, 1]);
  expect([ended(), clock.now()]).toEqual([[1, 1, 0, 0, 0, 0], 4]);
  clock.turn();
  expect([ended(), clock.now()]).toEqual([[1, 1, 1, 1, 0, 0], 8]);
  clock.turn();
  expect([ended(), clock.now()]).toEqual([[1, 1, 1, 1, 1, 1], 12]);
  // What we close ourselves ends at once: who does it counts on that.
  const closed = joinSlowOwner(tcp, clock, 1);
  for (const client of [joinSlowOwner(tcp, clock, 1), joinSlowOwner(tcp, clock, 1), closed]) {
    client.state.endMs = 4;
    client.transport.abort();
  }
  expect(closed.state.closed).toEqual([undefined]);
});

test("leaving and new clients share a turn, and neither wait for all of the others", () => {
  const { clock, tcp } = slowOwner(1);
  const leaving = Array.from({ length: 4 }, () => joinSlowOwner(tcp, clock, 1));
  for (const { state } of leaving) state.endMs = 4;
  const coming = Array.from({ length: 4 }, () => joinSlowOwner(tcp, clock, 2));
  for (const { transport } of leaving) transport.onClose(undefined);
  for (const { transport } of coming) transport.onData(new Uint8Array(2048));
  const done = () => [leaving, coming].map((all) => all.map(({ state }) => state.closed.length + state.slices.length));
  expect(done()).toEqual([
    [1, 0, 0, 0],
    [1, 0, 0, 0],
  ]);
  clock.turn();
  expect(done()).toEqual([
    [1, 1, 0, 0],
    [1, 1, 0, 0],
  ]);
  clock.settle();
  expect(done()).toEqual([
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
});

test("an exception at one owner's end keeps no other from ending", () => {
  const { clock, tcp, faults } = slowOwner(1);
  const clients = Array.from({ length: 3 }, () => joinSlowOwner(tcp, clock, 1));
  const fault = new RangeError("a bug of ours");
  for (const { state } of clients) state.endMs = 4;
  const [, faulty, last] = clients;
  if (faulty !== undefined) faulty.state.endFault = fault;
  for (const { transport } of clients) transport.onClose(undefined);
  clock.settle();
  expect([faults, last?.state.closed]).toEqual([[fault], [undefined]]);
});

test("input of a client that does not publish is dropped when it hangs up, and its end is reported at once", () => {
  const { clock, state, transport, tcp } = slowOwner(1);
  state.publishes = false;
  joinSlowOwner(tcp, clock, 4).transport.onData(new Uint8Array(1024));
  transport.onData(new Uint8Array(3000));
  expect([state.slices.length, state.paused, tcp.memory.bytes]).toEqual([0, false, 3000]);
  transport.onClose(undefined);
  expect([state.hungUp, tcp.memory.bytes]).toEqual([1, 0]);
  clock.settle();
  expect([state.slices.length, state.closed]).toEqual([0, [undefined]]);
});

test("input of a publisher that hung up is processed up to its unpublish, and no further", () => {
  const { clock, state, transport } = slowOwner(1);
  const read = new Uint8Array(READ);
  transport.onData(read);
  transport.onClose(undefined);
  expect(state.hungUp).toBe(1);
  state.onSlice = (count) => {
    if (count === 4) state.publishes = false;
  };
  clock.settle();
  expect([state.slices.length, state.closed]).toEqual([4, [undefined]]);
});

/** Clients whose ends take 2 ms each, and whose sockets take no byte. */
function stalled(count: number) {
  const { clock, tcp, faults } = slowOwner(1);
  const clients = Array.from({ length: count }, () => joinSlowOwner(tcp, clock, 1, 0));
  for (const { state } of clients) state.endMs = 2;
  const closed = () => clients.map(({ state }) => state.closed.length);
  const queued = () => clients.map(({ transport }) => transport.bytesQueued);
  return { clock, tcp, faults, clients, closed, queued };
}

/** Runs the timers that are due after this time, and no later turns. */
function passWithoutTurns(clock: FakeClock, ms: number): void {
  const turn = clock.soon.bind(clock);
  const waiting: (() => void)[] = [];
  clock.soon = (run) => waiting.push(run);
  clock.advance(ms);
  clock.soon = turn;
  for (const run of waiting) clock.soon(run);
}

test("of peers that take nothing for a minute, all together, some are closed in this turn and the rest in the next ones", () => {
  const { clock, clients, closed, queued } = stalled(5);
  for (const { transport } of clients) transport.send(new Uint8Array(10));
  passWithoutTurns(clock, 65_000);
  // Their bytes are dropped at once.
  expect([closed(), queued()]).toEqual([
    [1, 1, 0, 0, 0],
    [0, 0, 0, 0, 0],
  ]);
  expect(clients.map(({ transport }) => transport.send(new Uint8Array(1)))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  clock.turn();
  expect(closed()).toEqual([1, 1, 1, 1, 0]);
  clock.turn();
  expect(clients.map(({ state }) => [state.closed, state.calls])).toEqual(
    Array.from({ length: 5 }, () => [["it has taken nothing for 60 s"], ["terminate"]]),
  );
});

test("of peers that do not take their last bytes, all together, some are closed in this turn and the rest in the next ones", () => {
  const { clock, clients, closed } = stalled(3);
  for (const { transport } of clients) {
    transport.send(new Uint8Array(10));
    transport.close();
  }
  passWithoutTurns(clock, 30_000);
  expect(closed()).toEqual([1, 1, 0]);
  clock.settle();
  expect(clients.map(({ state }) => state.closed)).toEqual(
    Array.from({ length: 3 }, () => ["its last bytes took over 30 s"]),
  );
});

test("a peer that hangs up before its turn to be closed is closed once", () => {
  const { clock, clients, closed } = stalled(3);
  for (const { transport } of clients) transport.failSoon("a reason");
  expect(closed()).toEqual([1, 1, 0]);
  clients[2]?.transport.onClose("reset");
  clock.settle();
  expect(clients[2]?.state).toMatchObject({ closed: ["a reason"], hungUp: 1, calls: [] });
});

test("clients that hang up all at once while they are being closed end over several turns", () => {
  const { clock, clients, closed } = stalled(3);
  for (const { transport } of clients) transport.close();
  for (const { transport } of clients) transport.onClose(undefined);
  expect([closed(), clients.map(({ state }) => state.hungUp)]).toEqual([
    [1, 1, 0],
    [1, 1, 1],
  ]);
  clock.settle();
  expect(closed()).toEqual([1, 1, 1]);
});

test("of peers that have room again all at once, some get more in this turn and the rest in the next ones", () => {
  const { clock, tcp } = slowOwner(1);
  const clients = Array.from({ length: 6 }, () => joinSlowOwner(tcp, clock, 1, 5));
  const drains = () => clients.map(({ state }) => state.drains);
  for (const { state, transport } of clients) {
    state.drainMs = 4;
    transport.send(new Uint8Array(10));
    transport.onDrain();
    // The runtime may report it twice.
    transport.onDrain();
  }
  expect(drains()).toEqual([1, 1, 0, 0, 0, 0]);
  clients[5]?.transport.onClose(undefined);
  clock.turn();
  expect(drains()).toEqual([1, 1, 1, 1, 0, 0]);
  clock.settle();
  expect([drains(), clients[5]?.state.closed]).toEqual([[1, 1, 1, 1, 1, 0], [undefined]]);
});

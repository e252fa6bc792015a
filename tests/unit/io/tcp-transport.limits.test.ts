import { expect, test } from "bun:test";
import type { Socket } from "bun";
import type { TransportHandler } from "../../../src/base/transport.ts";
import { Tcp } from "../../../src/io/tcp.ts";
import { TcpTransport } from "../../../src/io/tcp-transport.ts";
import { concat } from "../../support/bytes.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { mulberry32, randomBytes } from "../../support/random.ts";

/** A transport on a socket that takes `room` bytes of each write, for an owner who needs `msPerKb` for what he gets. */
function stage(msPerKb: number, room = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const faults: Error[] = [];
  const tcp = new Tcp(clock, (error) => faults.push(error));
  return { clock, tcp, faults, ...join(tcp, clock, msPerKb, room) };
}

/** One more such transport beside others. */
function join(tcp: Tcp, clock: FakeClock, msPerKb = 1, room = Number.POSITIVE_INFINITY) {
  const state = {
    paused: false,
    slices: [] as Uint8Array[],
    longestMs: 0,
    drains: 0,
    closed: [] as (string | undefined)[],
    /** What ends the connection on our side, as asked of the socket. */
    calls: [] as string[],
    /** What the owner throws. */
    fault: undefined as Error | undefined,
  };
  const socket = {
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    write: (bytes: Uint8Array) => Math.min(room, bytes.length),
    shutdown: () => state.calls.push("shutdown"),
    terminate: () => state.calls.push("terminate"),
  } as unknown as Socket<unknown>;
  const handler: TransportHandler = {
    onOpen: () => undefined,
    onData: (bytes) => {
      if (state.fault !== undefined) throw state.fault;
      state.slices.push(bytes);
      const ms = (bytes.length / 1024) * msPerKb;
      state.longestMs = Math.max(state.longestMs, ms);
      clock.spend(ms);
    },
    onDrain: () => {
      state.drains++;
    },
    onClose: (reason) => state.closed.push(reason),
  };
  const transport = new TcpTransport(socket, { host: "10.0.0.1", port: 5 }, clock, tcp);
  transport.attach(handler);
  return { state, transport };
}

const READ = 512 * 1024;

test("input that is a lot of work is handed over in slices, in order, while nothing more is read", () => {
  const { clock, state, transport, tcp } = stage(0.2);
  const reads = [1, 2, 3].map((seed) => randomBytes(mulberry32(seed), READ));
  for (const read of reads) {
    transport.onData(read);
    expect(state.paused).toBe(true);
    clock.advance(10_000);
    expect(state.paused).toBe(false);
  }
  expect(concat(state.slices)).toEqual(concat(reads));
  // The first slice tells what the others cost.
  expect(state.slices[0]).toHaveLength(64 * 1024);
  for (const slice of state.slices.slice(1, 20)) expect(slice.length / 1024).toBeLessThanOrEqual(10);
  expect(tcp.turns.waitingBytes).toBe(0);
});

test("input that was read before the pause took effect waits behind what came before it", () => {
  const { clock, state, transport, tcp } = stage(0.2);
  const reads = [1, 2].map((seed) => randomBytes(mulberry32(seed), READ));
  for (const read of reads) transport.onData(read);
  clock.advance(10_000);
  expect(concat(state.slices)).toEqual(concat(reads));
  expect(tcp.turns.waitingBytes).toBe(0);
  for (const slice of state.slices) expect(slice.buffer.byteLength).toBe(slice.length);
});

test("input that is no work is soon handed over as it was read", () => {
  const { clock, state, transport } = stage(0);
  for (let i = 0; i < 8; i++) {
    transport.onData(new Uint8Array(READ));
    clock.advance(1);
  }
  expect(state.slices.reduce((sum, slice) => sum + slice.length, 0)).toBe(8 * READ);
  expect(state.slices.at(-1)).toHaveLength(READ);
});

test("what a peer said before it closed is heard in turns, and then the close", () => {
  const { clock, state, transport, tcp } = stage(1);
  const read = randomBytes(mulberry32(1), READ);
  transport.onData(read);
  transport.onClose("reset");
  expect([state.slices.length, state.closed]).toEqual([1, []]);
  expect([transport.send(new Uint8Array(1)), transport.bytesQueued]).toEqual([false, 0]);
  clock.advance(1);
  expect(concat(state.slices)).toEqual(read);
  expect(state.closed).toEqual(["reset"]);
  expect(tcp.turns.waitingBytes).toBe(0);
  // Nothing is asked of a socket that is gone.
  expect([state.paused, state.calls]).toEqual([true, []]);
});

test("what waited for a peer that closed is let go, though its input is not worked on yet", () => {
  const { clock, state, transport } = stage(1, 1);
  transport.onData(new Uint8Array(READ));
  transport.send(new Uint8Array(100));
  transport.onClose("reset");
  expect([transport.bytesQueued, transport.queue, state.closed]).toEqual([0, [], []]);
  transport.onDrain();
  clock.advance(1);
  expect([state.drains, state.closed]).toEqual([0, ["reset"]]);
});

test("an owner that leaves a peer that closed hears no more of its input", () => {
  const aborted = stage(1);
  aborted.transport.onData(new Uint8Array(READ));
  aborted.transport.onClose("reset");
  aborted.transport.abort();
  expect([aborted.state.closed, aborted.tcp.turns.waitingBytes]).toEqual([["reset"], 0]);

  const closed = stage(1);
  closed.transport.onData(new Uint8Array(READ));
  closed.transport.onClose("reset");
  closed.transport.close();
  for (const { clock, state, tcp } of [aborted, closed]) {
    clock.advance(60_000);
    expect([state.slices.length, state.closed, state.calls]).toEqual([1, ["reset"], []]);
    expect(tcp.turns.waitingBytes).toBe(0);
  }
});

test("a fault in one owner's turn ends that connection and holds up no other", () => {
  const { clock, state, transport, tcp, faults } = stage(1);
  const faulty = join(tcp, clock);
  const other = join(tcp, clock);
  for (const each of [transport, faulty.transport, other.transport]) each.onData(new Uint8Array(READ));
  const fault = new RangeError("a bug of ours");
  faulty.state.fault = fault;
  clock.advance(1);
  expect(faults).toEqual([fault]);
  expect(faulty.state.closed).toEqual(["internal error: a bug of ours"]);
  for (const { paused, slices, closed } of [state, other.state]) {
    expect([paused, closed]).toEqual([false, []]);
    expect(concat(slices)).toHaveLength(READ);
  }
  expect(tcp.turns.waitingBytes).toBe(0);
});

test("of clients that come all at once, some are served in this turn and the rest in the next ones", () => {
  const { clock, tcp } = stage(1);
  const clients = Array.from({ length: 6 }, () => join(tcp, clock, 1));
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

test("who is there already and waits does not wait for those that come", () => {
  const { clock, state, transport, tcp } = stage(1);
  transport.onData(new Uint8Array(4096));
  const clients = Array.from({ length: 20 }, () => join(tcp, clock, 1));
  for (const client of clients) client.transport.onData(new Uint8Array(2048));
  transport.onData(new Uint8Array(READ));
  const before = state.slices.length;
  clock.turn();
  expect(state.slices.length).toBeGreaterThan(before);
  expect(clients.filter((client) => client.state.slices.length === 0).length).toBeGreaterThan(0);
});

test("clients that come hold up nobody who is there already", () => {
  const { clock, tcp, transport, state } = stage(0);
  transport.onData(new Uint8Array(4096));
  join(tcp, clock, 10).transport.onData(new Uint8Array(1024));
  const late = join(tcp, clock, 0);
  late.transport.onData(new Uint8Array(100));
  transport.onData(new Uint8Array(100));
  expect([state.slices.length, late.state.slices.length]).toEqual([2, 0]);
});

test("of clients that leave all at once, the others are thought of every 8 ms", () => {
  const { clock, tcp } = stage(1);
  const at: number[] = [];
  tcp.turns.heldUp = () => at.push(clock.now());
  const leave = () => {
    clock.spend(3);
    join(tcp, clock).transport.onClose(undefined);
  };
  for (let i = 0; i < 8; i++) leave();
  expect(at).toEqual([12, 21]);
  clock.turn();
  for (let i = 0; i < 3; i++) leave();
  expect(at).toEqual([12, 21]);
  // What we close ourselves may be in the middle of anything.
  clock.spend(100);
  join(tcp, clock).transport.abort();
  expect(at).toEqual([12, 21]);
});

test("what waits is forgotten with the connection", () => {
  const { clock, state, transport, tcp } = stage(1);
  transport.onData(new Uint8Array(READ));
  expect(tcp.turns.waitingBytes).toBe(READ - 64 * 1024);
  transport.close();
  clock.advance(1);
  expect(tcp.turns.waitingBytes).toBe(0);
  expect(state.slices).toHaveLength(1);

  const other = stage(1);
  other.transport.onData(new Uint8Array(READ));
  other.transport.abort();
  other.clock.advance(1);
  expect(other.tcp.turns.waitingBytes).toBe(0);
  expect(other.state.slices).toHaveLength(1);
});

test("more than 32 MiB of input does not wait", () => {
  const { state, transport, tcp } = stage(1);
  tcp.turns.waitingBytes = 32 * 1024 * 1024;
  transport.onData(new Uint8Array(READ));
  expect(state.slices.map((slice) => slice.length)).toEqual([READ]);
  expect(state.paused).toBe(false);
});

test("a peer that takes its last bytes one by one is left after 30 s", () => {
  const { clock, state, transport } = stage(0, 1);
  transport.send(new Uint8Array(1000));
  transport.close();
  for (let second = 0; second < 31; second++) {
    transport.onDrain();
    clock.advance(1000);
  }
  expect(state.closed).toEqual(["its last bytes took over 30 s"]);
});

test("peers that do not read are left, dearest first, when all that waits for them is too much", () => {
  const clock = new FakeClock();
  const tcp = new Tcp(clock);
  const left: string[] = [];
  const peer = (name: string): TcpTransport => {
    const socket = { write: () => 0, terminate: () => undefined } as unknown as Socket<unknown>;
    const transport = new TcpTransport(socket, { host: name, port: 5 }, clock, tcp);
    transport.attach({
      onOpen: () => undefined,
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => left.push(name),
    });
    return transport;
  };
  const shared = new Uint8Array(20_000_000);
  const viewers = Array.from({ length: 20 }, (_, i) => peer(`viewer ${i}`));
  for (const viewer of viewers) viewer.send(shared);
  const hoarders = Array.from({ length: 30 }, (_, i) => peer(`hoarder ${i}`));
  for (const hoarder of hoarders) {
    hoarder.send(new Uint8Array(16_000_000));
    clock.advance(1);
  }
  expect(left.length).toBeGreaterThanOrEqual(14);
  expect(left.filter((name) => name.startsWith("viewer"))).toEqual([]);
});

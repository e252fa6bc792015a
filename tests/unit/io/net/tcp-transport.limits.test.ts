import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { Tcp } from "../../../../src/io/net/tcp.ts";
import { TcpTransport } from "../../../../src/io/net/tcp-transport.ts";
import { concat } from "../../../support/bytes.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { mulberry32, randomBytes } from "../../../support/random.ts";
import { joinSlowOwner, READ, slowOwner } from "../../../support/slow-owner.ts";

test("input that takes long to process is handed over in slices, in order, while nothing more is read", () => {
  const { clock, state, transport, tcp } = slowOwner(0.2);
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
  expect(tcp.memory.bytes).toBe(0);
});

test("input that was read before the pause took effect waits after earlier input", () => {
  const { clock, state, transport, tcp } = slowOwner(0.2);
  const reads = [1, 2].map((seed) => randomBytes(mulberry32(seed), READ));
  for (const read of reads) transport.onData(read);
  clock.advance(10_000);
  expect(concat(state.slices)).toEqual(concat(reads));
  expect(tcp.memory.bytes).toBe(0);
  for (const slice of state.slices) expect(slice.buffer.byteLength).toBe(slice.length);
});

test("input that is quickly processed is soon handed over as it was read", () => {
  const { clock, state, transport } = slowOwner(0);
  for (let i = 0; i < 8; i++) {
    transport.onData(new Uint8Array(READ));
    clock.advance(1);
  }
  expect(state.slices.reduce((sum, slice) => sum + slice.length, 0)).toBe(8 * READ);
  expect(state.slices.at(-1)).toHaveLength(READ);
});

test("what a peer sent before it closed is processed in turns, and then the close", () => {
  const { clock, state, transport, tcp } = slowOwner(1);
  const read = randomBytes(mulberry32(1), READ);
  transport.onData(read);
  transport.onClose("reset");
  expect([state.slices.length, state.closed]).toEqual([1, []]);
  expect([transport.send(new Uint8Array(1)), transport.bytesQueued]).toEqual([false, 0]);
  clock.advance(1);
  expect(concat(state.slices)).toEqual(read);
  expect(state.closed).toEqual(["reset"]);
  expect(tcp.memory.bytes).toBe(0);
  // Nothing is asked of a socket that is gone.
  expect([state.paused, state.calls]).toEqual([true, []]);
});

test("output for a peer that closed is released, even if its input is not processed yet", () => {
  const { clock, state, transport } = slowOwner(1, 1);
  transport.onData(new Uint8Array(READ));
  transport.send(new Uint8Array(100));
  transport.onClose("reset");
  expect([transport.bytesQueued, transport.queue, state.closed]).toEqual([0, [], []]);
  transport.onDrain();
  clock.advance(1);
  expect([state.drains, state.closed]).toEqual([0, ["reset"]]);
});

test("an owner that ends the connection of a closed peer gets no more of its input", () => {
  const aborted = slowOwner(1);
  aborted.transport.onData(new Uint8Array(READ));
  aborted.transport.onClose("reset");
  aborted.transport.abort();
  expect([aborted.state.closed, aborted.tcp.memory.bytes]).toEqual([["reset"], 0]);

  const closed = slowOwner(1);
  closed.transport.onData(new Uint8Array(READ));
  closed.transport.onClose("reset");
  closed.transport.close();
  for (const { clock, state, tcp } of [aborted, closed]) {
    clock.advance(60_000);
    expect([state.slices.length, state.closed, state.calls]).toEqual([1, ["reset"], []]);
    expect(tcp.memory.bytes).toBe(0);
  }
});

test("an exception in one owner's turn ends that connection and delays no other", () => {
  const { clock, state, transport, tcp, faults } = slowOwner(1);
  const faulty = joinSlowOwner(tcp, clock);
  const other = joinSlowOwner(tcp, clock);
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
  expect(tcp.memory.bytes).toBe(0);
});

test("waiting input is dropped with the connection", () => {
  const { clock, state, transport, tcp } = slowOwner(1);
  transport.onData(new Uint8Array(READ));
  expect(tcp.memory.bytes).toBe(READ - 64 * 1024);
  transport.close();
  clock.advance(1);
  expect(tcp.memory.bytes).toBe(0);
  expect(state.slices).toHaveLength(1);

  const other = slowOwner(1);
  other.transport.onData(new Uint8Array(READ));
  other.transport.abort();
  other.clock.advance(1);
  expect(other.tcp.memory.bytes).toBe(0);
  expect(other.state.slices).toHaveLength(1);
});

test("a client that does not publish is read while its input waits, up to 1 MiB, and closed when it holds more for 5 s", () => {
  const { clock, state, transport, tcp } = slowOwner(0);
  state.publishes = false;
  joinSlowOwner(tcp, clock, 4).transport.onData(new Uint8Array(1024));
  transport.onData(new Uint8Array(READ));
  expect([state.slices.length, state.paused]).toEqual([0, false]);
  transport.onData(new Uint8Array(READ));
  transport.onData(new Uint8Array(1));
  expect([state.slices.length, state.paused]).toEqual([0, true]);
  clock.settle();
  expect([tcp.memory.bytes, state.paused]).toEqual([0, false]);
  state.heldBytes = 2 * 1024 * 1024;
  transport.onData(new Uint8Array(1));
  expect(state.paused).toBe(true);
  clock.advance(4000);
  expect(state.closed).toEqual([]);
  clock.advance(2000);
  expect(state.cut).toEqual([expect.stringContaining("more than the 1048576 of a connection that does not publish")]);
  expect([state.closed, tcp.memory.bytes]).toEqual([state.cut, 0]);
});

test("what the owner holds counts, and is measured again when the owner says so", () => {
  const { clock, state, transport, tcp } = slowOwner(0);
  state.heldBytes = 5000;
  transport.onData(new Uint8Array(100));
  expect(tcp.memory.bytes).toBe(5000);
  state.heldBytes = 700;
  transport.inputChanged();
  expect(tcp.memory.bytes).toBe(700);
  transport.onClose(undefined);
  clock.settle();
  expect(tcp.memory.bytes).toBe(0);
});

test("a publisher with TLS is read while its input waits, as the runtime loses what a paused socket has not read", () => {
  const { clock, state, transport } = slowOwner(1);
  const socket = {
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    write: () => 0,
  } as unknown as Socket<unknown>;
  transport.useSocket(socket, true);
  for (let read = 0; read < 7; read++) transport.onData(new Uint8Array(READ));
  expect(state.paused).toBe(false);
  // Not without end.
  for (let read = 0; read < 2; read++) transport.onData(new Uint8Array(READ));
  expect(state.paused).toBe(true);
  clock.settle();
  expect([state.paused, state.slices.reduce((sum, { length }) => sum + length, 0)]).toEqual([false, 9 * READ]);
});

test("a peer that takes its last bytes one by one is closed after 30 s", () => {
  const { clock, state, transport } = slowOwner(0, 1);
  transport.send(new Uint8Array(1000));
  transport.close();
  for (let second = 0; second < 31; second++) {
    transport.onDrain();
    clock.advance(1000);
  }
  expect(state.closed).toEqual(["its last bytes took over 30 s"]);
});

test("peers that do not read are closed, those with most waiting bytes first, when all waiting bytes are too many", () => {
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

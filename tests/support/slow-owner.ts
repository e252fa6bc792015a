import type { Socket } from "bun";
import type { TransportHandler } from "../../src/base/transport.ts";
import { Tcp } from "../../src/io/net/tcp.ts";
import { TcpTransport } from "../../src/io/net/tcp-transport.ts";
import { FakeClock } from "./fake-clock.ts";

/** As much as the runtime reads of a socket at a time, bytes. */
export const READ = 512 * 1024;

/** A transport on a socket that takes `room` bytes of each write, for an owner who needs `msPerKb` for what he gets. */
export function slowOwner(msPerKb: number, room = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const faults: Error[] = [];
  const tcp = new Tcp(clock, (error) => faults.push(error));
  return { clock, tcp, faults, ...joinSlowOwner(tcp, clock, msPerKb, room) };
}

/** One more such transport beside others. */
export function joinSlowOwner(tcp: Tcp, clock: FakeClock, msPerKb = 1, room = Number.POSITIVE_INFINITY) {
  const state = {
    paused: false,
    slices: [] as Uint8Array[],
    longestMs: 0,
    drains: 0,
    /** How long the owner takes to send more when there is room again. */
    drainMs: 0,
    closed: [] as (string | undefined)[],
    /** What ends the connection on our side, as asked of the socket. */
    calls: [] as string[],
    /** What the owner throws. */
    fault: undefined as Error | undefined,
    hungUp: 0,
    /** What the owner is: one that publishes, or not; and what it keeps of its input. */
    publishes: true,
    heldBytes: 0,
    cut: [] as string[],
    /** How long the owner takes for its end, and what that throws. */
    endMs: 0,
    endFault: undefined as Error | undefined,
    onSlice: (_count: number): void => undefined,
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
    get publishes() {
      return state.publishes;
    },
    get heldBytes() {
      return state.heldBytes;
    },
    onHangUp: () => {
      state.hungUp++;
    },
    onCut: (reason) => state.cut.push(reason),
    onOpen: () => undefined,
    onData: (bytes) => {
      if (state.fault !== undefined) throw state.fault;
      state.slices.push(bytes);
      const ms = (bytes.length / 1024) * msPerKb;
      state.longestMs = Math.max(state.longestMs, ms);
      clock.spend(ms);
      state.onSlice(state.slices.length);
    },
    onDrain: () => {
      state.drains++;
      clock.spend(state.drainMs);
    },
    onClose: (reason) => {
      clock.spend(state.endMs);
      if (state.endFault !== undefined) throw state.endFault;
      state.closed.push(reason);
    },
  };
  const transport = new TcpTransport(socket, { host: "10.0.0.1", port: 5 }, clock, tcp);
  transport.attach(handler);
  return { state, transport };
}

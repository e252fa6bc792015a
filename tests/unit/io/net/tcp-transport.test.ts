import { beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { Tcp } from "../../../../src/io/net/tcp.ts";
import { TcpTransport } from "../../../../src/io/net/tcp-transport.ts";
import { concat } from "../../../support/bytes.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { End } from "../../../support/tcp-ends.ts";

/** The kernel's side of a socket: takes `room` bytes of each write, or says -1 as a closed one does. */
class FakeSocket {
  room = 0;
  gone = false;
  readonly taken: Uint8Array[] = [];
  readonly calls: string[] = [];
  onShutdown = () => {};
  onTerminate = () => {};

  write(bytes: Uint8Array): number {
    if (this.gone) return -1;
    const count = Math.min(this.room, bytes.length);
    this.room -= count;
    this.taken.push(bytes.slice(0, count));
    return count;
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  shutdown(): void {
    this.calls.push("shutdown");
    this.onShutdown();
  }

  terminate(): void {
    this.calls.push("terminate");
    this.onTerminate();
  }
}

let clock: FakeClock;
let socket: FakeSocket;
let transport: TcpTransport;
let end: End;

beforeEach(() => {
  clock = new FakeClock();
  socket = new FakeSocket();
  transport = new TcpTransport(
    socket as unknown as Socket<unknown>,
    { host: "10.0.0.1", port: 5 },
    clock,
    new Tcp(clock),
  );
  end = new End();
  transport.attach(end);
});

const bytes = (from: number, count: number) => Uint8Array.from({ length: count }, (_, i) => from + i);

/** The kernel has room for more. */
function drain(room: number): void {
  socket.room = room;
  transport.onDrain();
}

describe("A transport", () => {
  test("continues in the middle of a buffer, in order, and notifies its owner once all is sent", () => {
    socket.room = 3;
    expect(transport.send(bytes(0, 10))).toBe(false);
    expect(transport.send(bytes(10, 5))).toBe(false);
    expect([transport.bytesSent, transport.bytesQueued]).toEqual([3, 12]);
    drain(2);
    drain(0);
    drain(5);
    expect(transport.send(bytes(15, 1))).toBe(false);
    expect([transport.bytesSent, transport.bytesQueued, end.drains]).toEqual([10, 6, 0]);
    drain(100);
    expect([transport.bytesSent, transport.bytesQueued, end.drains]).toEqual([16, 0, 1]);
    expect(concat(socket.taken)).toEqual(bytes(0, 16));
    drain(100);
    expect(end.drains).toBe(1);
    expect(transport.send(bytes(16, 4))).toBe(true);
  });

  test("accepts that a socket is gone before its close event", () => {
    socket.gone = true;
    expect(transport.send(bytes(0, 4))).toBe(false);
    transport.onDrain();
    expect([transport.bytesSent, transport.bytesQueued]).toEqual([0, 4]);
    transport.onClose("connection reset by the peer");
    expect([transport.bytesQueued, end.closes]).toEqual([0, 1]);
    expect(transport.send(bytes(0, 4))).toBe(false);
  });

  test("shuts down after the last queued byte, and not before", () => {
    transport.send(bytes(0, 4));
    transport.close();
    transport.onData(bytes(0, 1));
    drain(3);
    expect(socket.calls).toEqual([]);
    drain(1);
    expect(socket.calls).toEqual(["shutdown"]);
    expect([end.received, end.drains]).toEqual([0, 0]);
    transport.onClose(undefined);
    clock.advance(10_000);
    expect(socket.calls).toEqual(["shutdown"]);
    expect(end.closes).toBe(1);
  });

  test("whose peer does not close after this side ends, whatever the socket reports", () => {
    transport.close();
    clock.advance(3000);
    expect(socket.calls).toEqual(["shutdown", "terminate"]);
    expect(end.closes).toBe(1);
  });

  test("leaves no timer behind when the socket closes inside shutdown", () => {
    const before = clock.timers;
    socket.onShutdown = () => transport.onClose(undefined);
    transport.close();
    expect([clock.timers, end.closes]).toEqual([before, 1]);
  });

  test("that is closing is ended like any other when its peer takes nothing", () => {
    transport.send(bytes(0, 4));
    transport.close();
    clock.advance(65_000);
    expect(socket.calls).toEqual(["terminate"]);
    expect(end.closes).toBe(1);
  });

  test("is not ended while the peer takes a little now and then", () => {
    transport.send(new Uint8Array(1000));
    for (let minute = 0; minute < 20; minute++) {
      clock.advance(55_000);
      drain(1);
    }
    expect(end.closes).toBe(0);
    clock.advance(65_000);
    expect(end.closes).toBe(1);
    // Nobody watches it any more.
    clock.advance(600_000);
    expect(socket.calls).toEqual(["terminate"]);
  });

  test("whose kernel took all bytes is not watched, however long it is idle", () => {
    socket.room = 4;
    transport.send(bytes(0, 4));
    transport.send(bytes(0, 4));
    drain(4);
    clock.advance(600_000);
    expect(end.closes).toBe(0);
  });

  test("reports its end once, even if the socket closes inside terminate", async () => {
    socket.onTerminate = () => transport.onClose("never told");
    transport.fail("a reason");
    transport.abort();
    transport.close();
    transport.onClose("too late");
    expect(end.closes).toBe(1);
    expect(await end.closed.promise).toBe("a reason");
  });

  test("holds up to 512 buffers and 32 MiB for a peer that does not read", () => {
    const mega = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 33; i++) transport.send(mega);
    clock.settle();
    expect(end.closes).toBe(0);
    for (let i = 0; i < 1000; i++) transport.send(mega);
    expect(transport.bytesQueued).toBeLessThanOrEqual(34 * 1024 * 1024);
    clock.settle();
    expect(end.closes).toBe(1);
  });
});

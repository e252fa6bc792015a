import { dlopen, FFIType } from "bun:ffi";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Tcp } from "../../../../src/io/net/tcp.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage();
});
afterEach(() => stage.end());

const linux = process.platform === "linux";
if (!linux) process.stdout.write("skipped: tests/unit/io/dial.test.ts looks at sockets in /proc, which is Linux's\n");

/**
 * The kernel's list of our ends of the connections to a port of 127.0.0.1 (from one of ours, where that is given): state (1 open,
 * 2 connecting) and timer (2 keepalive).
 */
function kernelSockets(port: number, own?: number): { state: number; timer: number }[] {
  const rows = readFileSync("/proc/self/net/tcp", "utf8").trim().split("\n").slice(1);
  return (
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter((row) => isAt(row[2], port) && (own === undefined || isAt(row[1], own)))
      .map((row) => ({ state: Number.parseInt(row[3] ?? "", 16), timer: Number.parseInt(row[5] ?? "", 16) }))
      // Not of this test: what is left (TIME_WAIT) of one that had the same port.
      .filter(({ state }) => state !== 6)
  );
}

/** Whether an address of the kernel's list is a port of 127.0.0.1: other loopback addresses are other tests'. */
function isAt(address: string | undefined, port: number): boolean {
  return address === `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Waits, a turn at a time, until it is so. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setImmediate(resolve));
}

/** A port of 127.0.0.1 that answers no more than one connection, which nobody accepts; the rest stays pending. */
async function mutePort(): Promise<{ port: number; close: () => void }> {
  const { i32, u32, ptr } = FFIType;
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    bind: { args: [i32, ptr, u32], returns: i32 },
    listen: { args: [i32, i32], returns: i32 },
    getsockname: { args: [i32, ptr, ptr], returns: i32 },
    close: { args: [i32], returns: i32 },
  });
  const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const fd = symbols.socket(2, 1, 0);
  symbols.bind(fd, address, address.length);
  symbols.listen(fd, 0);
  symbols.getsockname(fd, address, Uint32Array.of(address.length));
  const port = new DataView(address.buffer).getUint16(2);
  const first = new End();
  stage.tcp.dial({ host: "127.0.0.1", port, tls: false, timeoutMs: 5000 }, first);
  await first.opened.promise;
  return { port, close: () => symbols.close(fd) };
}

describe("A dial", () => {
  test.skipIf(!linux)("that has ended leaves no socket behind, whether it timed out or was stopped", async () => {
    const mute = await mutePort();
    const pending = () => kernelSockets(mute.port).filter(({ state }) => state === 2).length;
    const ends = Array.from({ length: 10 }, () => new End());
    const attempts = ends.map((end) =>
      stage.tcp.dial({ host: "127.0.0.1", port: mute.port, tls: false, timeoutMs: 5000 }, end),
    );
    await until(() => pending() === 10);
    for (const attempt of attempts.slice(0, 5)) attempt.abort();
    stage.clock.advance(5000);
    const reasons = await Promise.all(ends.map((end) => end.closed.promise));
    expect(new Set(reasons)).toEqual(new Set(["stopped", "no connection within 5 s"]));
    expect(pending()).toBe(0);
    mute.close();
  });

  test.each([false, true])("gets everything that the other side sends at once (TLS: %p)", async (tls) => {
    stage.end();
    stage = new TcpStage(tls);
    for (let round = 0; round < 50; round++) {
      const server = new End();
      server.onOpen = (transport) => {
        transport.send(Uint8Array.of(1, 2, 3));
        transport.close();
      };
      const client = new End();
      stage.dial(
        stage.listen(() => server),
        client,
      );
      expect(await client.closed.promise).toBeUndefined();
      expect([...client.bytes]).toEqual([1, 2, 3]);
    }
  });

  test.skipIf(!linux)("enables the kernel's keep-alive probes, as a listener does", async () => {
    const server = new End();
    const port = stage.listen(() => server);
    const client = new End();
    stage.tcp.dial({ host: "127.0.0.1", port, tls: false, timeoutMs: 5000 }, client);
    const side = await client.opened.promise;
    const accepted = await server.opened.promise;
    expect(kernelSockets(port, accepted.remote.port)).toEqual([{ state: 1, timer: 2 }]);
    expect(kernelSockets(accepted.remote.port, port)).toEqual([{ state: 1, timer: 2 }]);
    side.abort();
  });

  test.skipIf(!linux)(
    "reaches a name of which one address does not answer, and next time tries the other one first",
    async () => {
      const mute = await mutePort();
      const addresses = ["127.0.0.1", "127.0.0.2"];
      const tcp = new Tcp(stage.clock, undefined, undefined, undefined, async () => addresses);
      const listener = stage.tcp.listen({ host: "127.0.0.2", port: mute.port }, () => new End());
      stage.defer(() => listener.stop());
      stage.defer(mute.close);
      const pending = () => kernelSockets(mute.port).filter(({ state }) => state === 2).length;
      const dial = async () => {
        const end = new End();
        tcp.dial({ host: "two.example", port: mute.port, tls: false, timeoutMs: 3000 }, end);
        return { end, ip: end.opened.promise.then((transport) => transport.ip) };
      };
      const first = await dial();
      await until(() => pending() === 1);
      // It has a third of the time: the other two are for the last address.
      stage.clock.advance(1000);
      expect(await first.ip).toBe("127.0.0.2");
      expect(await (await dial()).ip).toBe("127.0.0.2");
      expect(pending()).toBe(0);
      // It may be back.
      stage.clock.advance(30_000);
      await dial();
      await until(() => pending() === 1);
      stage.clock.advance(1000);
      await until(() => pending() === 0);
    },
  );

  test("whose owner throws when the connection opens is reported and closed", async () => {
    const faults: Error[] = [];
    const tcp = new Tcp(new FakeClock(), (error) => faults.push(error));
    const server = new End();
    const client = new End();
    client.onOpen = () => {
      throw new RangeError("a bug of ours");
    };
    tcp.dial({ host: "127.0.0.1", port: stage.listen(() => server), tls: false, timeoutMs: 5000 }, client);
    expect(await client.closed.promise).toBe("internal error: a bug of ours");
    expect(faults).toEqual([new RangeError("a bug of ours")]);
    await server.closed.promise;
  });
});

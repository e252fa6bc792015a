import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import type { Socket } from "bun";
import { UserError } from "../../../../src/base/errors.ts";
import type { Transport } from "../../../../src/base/transport.ts";
import { mulberry32, randomBytes } from "../../../support/random.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage();
});

afterEach(() => stage.end());

const KB = 1024;
const MB = 1024 * KB;

/** A client as no program of ours is: it reads when told to, and may talk all the while. */
function stubbornClient(port: number, talk: boolean) {
  const begin = (own: Socket) => {
    own.pause();
    socket = own;
    opened.resolve();
  };
  const closed = Promise.withResolvers<string>();
  const opened = Promise.withResolvers<void>();
  const hash = new Bun.CryptoHasher("sha1");
  const state = { received: 0 };
  let socket: Socket | undefined;
  const chatter = new Uint8Array(100).fill(1);
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    ...(stage.tls ? { tls: { rejectUnauthorized: false } } : {}),
    socket: {
      ...(stage.tls ? { handshake: begin } : { open: begin }),
      data(own, bytes) {
        state.received += bytes.length;
        hash.update(bytes);
        if (talk) own.write(chatter);
      },
      close: (_own, error) => closed.resolve(error === undefined ? "end" : error.message),
    },
  }).catch(closed.reject);
  return {
    opened: opened.promise,
    closed: closed.promise,
    received: () => state.received,
    digest: () => hash.digest("hex"),
    read: () => socket?.resume(),
    talk: () => socket?.write(chatter),
    leave: () => socket?.terminate(),
  };
}

/** Connects such a client to `server`, whose transport is then ready. */
async function stubborn(server: End, talk = false) {
  const peer = stubbornClient(
    stage.listen(() => server),
    talk,
  );
  const transport = await server.opened.promise;
  await peer.opened;
  await ready(transport, server);
  return { peer, transport };
}

/** Waits until what the listener's side sends goes to the kernel at once: with TLS, the handshake's end. */
async function ready(transport: Transport, end: End): Promise<void> {
  if (!stage.tls) return;
  const { onDrain } = end;
  const drained = Promise.withResolvers<void>();
  end.onDrain = () => drained.resolve();
  if (!transport.send(new Uint8Array(0))) await drained.promise;
  end.onDrain = onDrain;
}

const sha1 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha1").update(bytes).digest("hex");

describe.each([
  ["plain", false],
  ["TLS", true],
])("A %s connection", (_, tls) => {
  beforeEach(() => {
    stage = new TcpStage(tls);
  });

  test("carries bytes both ways and reports its end to both sides, once", async () => {
    const { server, serverSide, client, clientSide } = await stage.connect();
    expect(clientSide.send(Uint8Array.of(1, 2, 3))).toBe(true);
    await server.has(3);
    expect(serverSide.send(new Uint8Array(0))).toBe(true);
    expect(serverSide.send(Uint8Array.of(4, 5))).toBe(true);
    await client.has(2);
    expect([...server.bytes, ...client.bytes]).toEqual([1, 2, 3, 4, 5]);
    expect([serverSide.bytesSent, serverSide.bytesQueued, clientSide.bytesSent]).toEqual([2, 0, 3]);
    clientSide.close();
    expect(await server.closed.promise).toBeUndefined();
    expect(await client.closed.promise).toBeUndefined();
    serverSide.abort();
    clientSide.close();
    expect([server.closes, client.closes]).toEqual([1, 1]);
    expect(serverSide.send(Uint8Array.of(1))).toBe(false);
  });

  test("leaves little with the kernel for a peer that does not read", async () => {
    const { transport } = await stubborn(new End());
    for (let sent = 0; sent < 8 * MB; sent += 64 * KB) transport.send(new Uint8Array(64 * KB));
    // Most of it is what the peer's own kernel takes; without a limit it is 3.9 MB.
    expect(transport.bytesSent).toBeLessThan(1.5 * MB);
  });

  test("keeps the order and every byte when the peer takes them piece by piece", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server);
    const all = randomBytes(mulberry32(1), 1 * MB);
    const random = mulberry32(2);
    let at = 0;
    let taken = 0;
    // 12 MB is more than loopback's buffers hold.
    for (let round = 0; round < 12; round++) {
      for (at = 0; at < all.length; ) {
        const piece = all.subarray(at, at + Math.ceil(random() * 60 * KB) + 1);
        if (transport.send(piece)) taken++;
        at += piece.length;
      }
    }
    expect(taken).toBeGreaterThan(0);
    expect(transport.bytesQueued).toBeGreaterThan(0);
    expect(transport.bytesSent + transport.bytesQueued).toBe(12 * MB);
    peer.read();
    transport.close();
    expect(await peer.closed).toBe("end");
    expect(peer.received()).toBe(12 * MB);
    const whole = new Bun.CryptoHasher("sha1");
    for (let round = 0; round < 12; round++) whole.update(all);
    expect(peer.digest()).toBe(whole.digest("hex"));
    expect([transport.bytesSent, transport.bytesQueued]).toEqual([12 * MB, 0]);
  });

  test("notifies its owner when waiting bytes are sent", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server);
    const drained = Promise.withResolvers<void>();
    server.onDrain = () => drained.resolve();
    expect(transport.send(new Uint8Array(8 * MB))).toBe(false);
    peer.read();
    await drained.promise;
    expect(transport.bytesQueued).toBe(0);
  });

  test("delivers everything queued on close, to a peer that keeps sending, and reads nothing more", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server, true);
    const all = randomBytes(mulberry32(3), 8 * MB);
    expect(transport.send(all)).toBe(false);
    transport.close();
    expect(transport.send(Uint8Array.of(9))).toBe(false);
    for (let i = 0; i < 50; i++) peer.talk();
    peer.read();
    expect(await peer.closed).toBe("end");
    expect(peer.received()).toBe(8 * MB);
    expect(peer.digest()).toBe(sha1(all));
    expect(await server.closed.promise).toBeUndefined();
    expect(server.received).toBe(0);
  });

  test("that is closed is ended by this side when the peer does not do it", async () => {
    const { server, serverSide, clientSide } = await stage.connect();
    // The peer's end would close by itself; ours must not depend on it.
    const lone = new End();
    const { transport } = await stubborn(lone);
    transport.send(Uint8Array.of(1));
    transport.close();
    stage.clock.advance(2999);
    expect(lone.closes).toBe(0);
    stage.clock.advance(1);
    expect(await lone.closed.promise).toBeUndefined();
    serverSide.close();
    expect(await server.closed.promise).toBeUndefined();
    clientSide.abort();
  });

  test("loses what is queued on abort", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server);
    transport.send(new Uint8Array(16 * MB));
    transport.abort();
    expect(server.closes).toBe(1);
    expect(transport.bytesQueued).toBe(0);
    peer.read();
    await peer.closed;
    expect(peer.received()).toBeLessThan(16 * MB);
  });

  test("is ended when the peer takes nothing for a minute", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server);
    transport.send(new Uint8Array(16 * MB));
    stage.clock.advance(59_000);
    expect(server.closes).toBe(0);
    stage.clock.advance(10_000);
    expect(await server.closed.promise).toBe("it has taken nothing for 60 s");
    expect(stage.clock.timers).toBe(0);
    peer.leave();
  });

  test("is ended at the end of the turn when too much waits for a peer that does not read", async () => {
    const server = new End();
    const { peer, transport } = await stubborn(server);
    transport.send(new Uint8Array(16 * MB));
    for (let i = 0; i < 1000; i++) transport.send(new Uint8Array(16));
    expect(server.closes).toBe(0);
    stage.clock.settle();
    expect(await server.closed.promise).toMatch(/^513 messages \(\d+ bytes\) wait for it and it does not read$/);
    peer.leave();
  });

  test("ends when its peer resets it, with the reason where the system gives one", async () => {
    const { server, clientSide } = await stage.connect();
    clientSide.abort();
    expect([undefined, "connection reset by the peer"]).toContain(await server.closed.promise);
  });

  test("ends with the message of an exception in its owner, and no other does", async () => {
    const { server, clientSide } = await stage.connect();
    server.onData = () => {
      throw new RangeError("a bug of ours");
    };
    clientSide.send(Uint8Array.of(1));
    expect(await server.closed.promise).toContain("internal error: a bug of ours");
  });
});

describe.each([
  ["TCP", false],
  ["TLS", true],
])("Dialling %s", (_, tls) => {
  beforeEach(() => {
    stage = new TcpStage(tls);
  });

  /** Dials and waits for the end. */
  function failure(host: string, port: number): Promise<string | undefined> {
    const end = new End();
    stage.dial(port, end, host);
    return end.closed.promise;
  }

  test("a port where nobody listens fails with the reason", async () => {
    const listener = stage.tcp.listen({ host: "127.0.0.1", port: 0 }, () => undefined);
    listener.stop();
    expect(await failure("127.0.0.1", listener.address.port)).toBe("connection refused");
  });

  test("a name that does not exist fails with the reason", async () => {
    // With an empty label, so that no name server has to be asked.
    expect(await failure("no..host", 1935)).toBe("host name not found");
  });

  test("a name tries each of its addresses", async () => {
    const server = new End();
    const port = stage.listen(() => server);
    const client = new End();
    stage.dial(port, client, "localhost");
    const side = await client.opened.promise;
    expect(side.remote).toEqual({ host: "localhost", port });
    side.abort();
  });

  test("ends when the time is over, and nothing opens later", async () => {
    const servers: End[] = [];
    const port = stage.listen(() => {
      const end = new End();
      servers.push(end);
      return end;
    });
    const client = new End();
    stage.dial(port, client);
    stage.clock.advance(5000);
    expect(await client.closed.promise).toBe("no connection within 5 s");
    const next = new End();
    stage.dial(port, next);
    (await next.opened.promise).abort();
    expect([client.closes, servers.length]).toEqual([1, 1]);
    expect(stage.clock.timers).toBe(0);
  });

  test("can be stopped before and after it has succeeded", async () => {
    const ends: End[] = [];
    const port = stage.listen(() => {
      const end = new End();
      ends.push(end);
      return end;
    });
    const early = new End();
    const attempt = stage.dial(port, early);
    attempt.abort();
    attempt.abort();
    expect(await early.closed.promise).toBe("stopped");
    const late = new End();
    const second = stage.dial(port, late);
    await late.opened.promise;
    second.abort();
    expect(await late.closed.promise).toBeUndefined();
    second.abort();
    stage.clock.advance(10_000);
    expect([early.closes, late.closes]).toEqual([1, 1]);
  });
});

describe("Listening", () => {
  test("on a taken port fails with one line that says what to do", () => {
    const port = stage.listen(() => undefined);
    expect(() => stage.tcp.listen({ host: "127.0.0.1", port }, () => undefined)).toThrow(
      new UserError(
        `cannot listen on 127.0.0.1:${port}: address already in use; is another server running? Stop it or change listen`,
      ),
    );
  });

  test("on an address of another machine fails with the reason", () => {
    expect(() => stage.tcp.listen({ host: "203.0.113.1", port: 0 }, () => undefined)).toThrow(
      new UserError("cannot listen on 203.0.113.1:0: address not available on this machine"),
    );
  });

  test("on every address accepts IPv4, whose peers have plain addresses", async () => {
    const server = new End();
    const port = stage.listen(() => server, "::");
    const client = new End();
    stage.tcp.dial({ host: "127.0.0.1", port, tls: false, timeoutMs: 5000 }, client);
    expect((await server.opened.promise).remote.host).toBe("127.0.0.1");
    (await client.opened.promise).abort();
  });

  test("on every address of a machine without IPv6 means IPv4, and says so", () => {
    const bind = Bun.listen;
    const spy = spyOn(Bun, "listen").mockImplementation(((options: Parameters<typeof Bun.listen>[0]) => {
      if ("hostname" in options && options.hostname === "::")
        throw Object.assign(new Error("no IPv6"), { code: "EAFNOSUPPORT" });
      return bind(options);
    }) as typeof Bun.listen);
    try {
      const listener = stage.tcp.listen({ host: "::", port: 0 }, () => undefined);
      expect(listener.address).toEqual({ host: "0.0.0.0", port: listener.address.port });
      listener.stop();
    } finally {
      spy.mockRestore();
    }
  });

  test("closes a connection at once that its owner refuses", async () => {
    const client = new End();
    stage.tcp.dial({ host: "127.0.0.1", port: stage.listen(() => undefined), tls: false, timeoutMs: 5000 }, client);
    await client.closed.promise;
    expect(client.received).toBe(0);
  });

  test("stops only for new connections", async () => {
    const server = new End();
    const listener = stage.tcp.listen({ host: "127.0.0.1", port: 0 }, () => server);
    const client = new End();
    const to = { host: "127.0.0.1", port: listener.address.port, tls: false, timeoutMs: 5000 };
    stage.tcp.dial(to, client);
    const side = await client.opened.promise;
    await server.opened.promise;
    listener.stop();
    const late = new End();
    stage.tcp.dial(to, late);
    expect(await late.closed.promise).toBe("connection refused");
    side.send(Uint8Array.of(1));
    await server.has(1);
    side.abort();
  });
});

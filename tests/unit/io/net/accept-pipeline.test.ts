import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { HostPort } from "../../../../src/base/address.ts";
import { joined } from "../../../../src/base/memory.ts";
import type { ListenerPolicy } from "../../../../src/io/net/accept-pipeline.ts";
import { fromHex } from "../../../support/bytes.ts";
import { until } from "../../../support/e2e/wait.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";
import { helloVectors } from "../../../vectors/preamble.ts";

let stage: TcpStage;
/** Whom the owner was told of, and what was refused. */
let clients: HostPort[];
let refused: string[];
let server: End;

beforeEach(() => {
  stage = new TcpStage(true);
  clients = [];
  refused = [];
  server = new End();
});
afterEach(() => stage.end());

const proxies = { trusts: (host: string) => host === "127.0.0.1", hasRoom: (waiting: number) => waiting < 2 };

function listen(what: Partial<ListenerPolicy>): number {
  const entrance: ListenerPolicy = {
    plain: true,
    certificates: undefined,
    proxies: undefined,
    notTls: ([firstByte = 0]) => ({
      reason: `no TLS came, but 0x${firstByte.toString(16)}`,
      ...(firstByte === 0x47 ? { answer: new TextEncoder().encode("TLS only\n") } : {}),
    }),
    refused: (_peer, reason) => refused.push(reason),
    ...what,
  };
  const accept = (remote: HostPort) => {
    clients.push(remote);
    return server;
  };
  const listener = stage.tcp.listen({ host: "127.0.0.1", port: 0 }, accept, () => entrance);
  stage.defer(() => listener.stop());
  return listener.address.port;
}

/** A client that says these bytes, in as many pieces; what it hears, and its end. */
async function say(port: number, ...pieces: readonly (Uint8Array | string)[]) {
  const closed = Promise.withResolvers<void>();
  const heard: Uint8Array[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, bytes) => void heard.push(bytes),
      close: () => closed.resolve(),
      error: () => closed.resolve(),
    },
  });
  stage.defer(() => socket.terminate());
  socket.setNoDelay(true);
  for (const piece of pieces) {
    socket.write(piece);
    await Bun.sleep(2); // so that each is read by itself, mostly
  }
  return { socket, heard, closed: closed.promise };
}

const HEADER = "PROXY TCP4 203.0.113.9 10.0.0.1 40000 1935\r\n";
const client = { host: "203.0.113.9", port: 40000 };
const hello = fromHex(helloVectors[0]?.hex ?? "");

describe("Behind a proxy", () => {
  test("the owner gets the client's address from the header, and the bytes after it", async () => {
    await say(listen({ proxies }), `${HEADER}\u0003abc`);
    await server.has(4);
    expect([clients, [...server.bytes], (await server.opened.promise).remote]).toEqual([
      [client],
      [3, 97, 98, 99],
      client,
    ]);
  });

  test("the header is read, however it is cut", async () => {
    const port = listen({ proxies });
    await say(port, ..."PROXY ".split(""), "TCP4 203.0.113.9 10.0.0.1 40000 1935\r", "\n\u0003", "abc");
    await server.has(4);
    expect([clients, [...server.bytes]]).toEqual([[client], [3, 97, 98, 99]]);
  });

  test("what the owner sends at once reaches the client", async () => {
    server.onOpen = (transport) => transport.send(Uint8Array.of(7));
    const { heard } = await say(listen({ proxies }), `${HEADER}\u0003`);
    await server.has(1);
    while (heard.length === 0) await Bun.sleep(1);
    expect([...(heard[0] ?? [])]).toEqual([7]);
  });

  test("a health check of the proxy's own has the proxy's address", async () => {
    const { socket } = await say(listen({ proxies }), "PROXY UNKNOWN\r\n\u0003");
    await server.has(1);
    expect(clients).toEqual([{ host: "127.0.0.1", port: socket.localPort }]);
  });

  test("TLS may follow the header", async () => {
    const port = listen({ proxies, certificates: stage.certificates, plain: false });
    const { heard, closed } = await say(port, HEADER, hello);
    while (heard.length === 0) await Bun.sleep(1);
    // A ServerHello; RFC 8448's client would go on.
    expect([clients, heard[0]?.[0]]).toEqual([[client], 0x16]);
    (await server.opened.promise).abort();
    await closed;
  });

  test("a client that sends no header, or half of it, is refused", async () => {
    const port = listen({ proxies });
    await (await say(port, "\u0003")).closed;
    expect(refused).toEqual(["no PROXY protocol header"]);
    const { closed } = await say(port, "PROXY TCP4");
    stage.clock.advance(5000);
    await closed;
    expect([refused.slice(1), clients]).toEqual([["no PROXY protocol header within 5 s"], []]);
  });

  test("an untrusted client is refused before it has sent anything", async () => {
    await (await say(listen({ proxies: { ...proxies, trusts: () => false } }), HEADER)).closed;
    expect(refused).toEqual(["its address is not in proxy_protocol.trusted, and only proxies connect to this port"]);
  });

  test("the number of connections that wait for their header is limited, and falls again when they are done", async () => {
    const port = listen({ proxies });
    const [first] = [await say(port), await say(port)];
    await (await say(port)).closed;
    expect(refused).toEqual(["max_connections is reached, counting those without their PROXY protocol header yet"]);
    first?.socket.write(`${HEADER}\u0003`);
    await server.has(1);
    stage.clock.advance(5000);
    expect(refused).toHaveLength(2);
    await say(port, `${HEADER}\u0003`);
    await server.has(2);
  });
});

describe("A port of RTMPS", () => {
  const tls = () => listen({ certificates: stage.certificates, plain: false });

  test("refuses a client that comes without TLS, and answers one whose protocol the listener knows", async () => {
    const { heard: nothing, closed } = await say(tls(), Uint8Array.of(3));
    await closed;
    expect(refused).toEqual(["no TLS came, but 0x3"]);
    expect([await server.closed.promise, nothing]).toEqual(["no TLS came, but 0x3", []]);
    server = new End();
    const { heard, closed: answered } = await say(tls(), "GET / HTTP/1.1\r\n");
    await answered;
    expect(refused[1]).toBe("no TLS came, but 0x47");
    expect(new TextDecoder().decode(joined(...heard))).toBe("TLS only\n");
  });

  test("gives its owner the connection at once, so that silence counts as a client's", async () => {
    const { closed } = await say(tls());
    const transport = await server.opened.promise;
    expect(transport.send(Uint8Array.of(1))).toBe(false);
    transport.abort();
    await closed;
    expect(server.closes).toBe(1);
  });

  test("ends a connection with half a ClientHello when its owner does", async () => {
    const { heard, closed } = await say(tls(), hello.subarray(0, 100));
    (await server.opened.promise).close();
    stage.clock.advance(3000);
    await closed;
    expect([server.closes, server.received, heard]).toEqual([1, 0, []]);
  });

  test("refuses a handshake that makes no sense, with an alert", async () => {
    const broken = hello.slice();
    broken.fill(0xff, 46, 60);
    const { heard, closed } = await say(tls(), broken);
    await closed;
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/TLS/);
    expect(await server.closed.promise).toBe(refused[0]);
    expect(heard.map((bytes) => bytes[0])).toEqual(refused[0]?.startsWith("TLS handshake failed") ? [0x15] : []);
  });

  test("begins handshakes of clients that come together a few in a turn, and forgets those that have left", async () => {
    const port = tls();
    const { turns } = stage.tcp;
    turns.countNewClient(1000);
    const before = stage.clock.turns;
    const leaving = await say(port, hello);
    // What is counted as accepted, and a turn for those who wait.
    await until("its handshake waits for a turn", () => stage.clock.turns === before + 2);
    leaving.socket.terminate();
    await server.closed.promise;
    const { heard } = await say(port, hello);
    expect(heard).toEqual([]);
    stage.clock.settle();
    await until("its handshake has begun", () => heard[0]?.[0] === 0x16);
  });

  test("closes a client that sends too much before its handshake has begun", async () => {
    const port = tls();
    stage.tcp.turns.countNewClient(1000);
    const { closed } = await say(port, hello, new Uint8Array(70_000));
    await closed;
    expect(refused).toEqual(["sends more than 65536 bytes and does not wait for the TLS handshake"]);
    stage.clock.settle();
  });

  test("without a certificate refuses every handshake", async () => {
    stage.certificates.prepare({ cert: [], key: [] }).apply();
    await (await say(tls(), hello)).closed;
    expect(refused).toEqual(["no certificate for TLS is configured"]);
  });
});

test("one port accepts RTMP and RTMPS, by the first byte", async () => {
  const port = listen({ certificates: stage.certificates });
  await say(port, Uint8Array.of(3, 1, 2));
  await server.has(3);
  server = new End();
  const end = new End();
  stage.dial(port, end);
  (await end.opened.promise).send(Uint8Array.of(9));
  await server.has(1);
  expect([[...server.bytes], refused]).toEqual([[9], []]);
});

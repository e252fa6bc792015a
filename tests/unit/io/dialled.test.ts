import { afterEach, expect, test } from "bun:test";
import type { Socket } from "bun";
import type { Transport } from "../../../src/base/transport.ts";
import { End, TcpStage } from "../../support/tcp-ends.ts";

let stage: TcpStage;
afterEach(() => stage.end());

/** A server that reads nothing until it is told to, and the connection that we dialled to it. */
async function unread() {
  stage = new TcpStage();
  const accepted = Promise.withResolvers<Socket>();
  const closed = Promise.withResolvers<string>();
  const state = { received: 0 };
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.pause();
        accepted.resolve(socket);
      },
      data(_socket, bytes) {
        state.received += bytes.length;
      },
      close: (_socket, error) => closed.resolve(error === undefined ? "end" : error.message),
    },
  });
  stage.defer(() => listener.stop(true));
  const client = new End();
  stage.dial(listener.port, client);
  const transport = await client.opened.promise;
  const server = await accepted.promise;
  return { transport, client, server, closed: closed.promise, received: () => state.received };
}

/** Sends until more waits in the kernel than the peer's machine takes without anybody who reads. */
function fill(transport: Transport): void {
  for (let i = 0; i < 100; i++) transport.send(new Uint8Array(100_000));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("Bytes that the peer's machine has not taken are counted, until it has", async () => {
  const { transport, server, received } = await unread();
  expect(transport.bytesUnacknowledged).toBe(0);
  fill(transport);
  expect(transport.bytesUnacknowledged).toBeGreaterThan(100_000);
  server.resume();
  while (received() < 10_000_000 || transport.bytesUnacknowledged > 0) await turn();
  expect(transport.bytesSent).toBe(10_000_000);
  transport.abort();
  expect(transport.bytesUnacknowledged).toBe(0);
});

test("A server whose connection is abandoned gets what the kernel has taken and then the end, not a reset", async () => {
  const { transport, client, server, closed, received } = await unread();
  fill(transport);
  const { bytesSent } = transport;
  transport.abandon();
  expect([client.closes, transport.bytesQueued]).toEqual([1, 0]);
  // Its kernel goes on when we no longer do.
  stage.clock.advance(3000);
  server.resume();
  expect(await closed).toBe("end");
  expect(received()).toBe(bytesSent);
});

test("A server that does not close after this side's close still gets the end, not a reset", async () => {
  const { transport, client, server, closed, received } = await unread();
  transport.send(new Uint8Array(1000));
  transport.close();
  stage.clock.advance(6000);
  expect(await client.closed.promise).toBeUndefined();
  server.resume();
  expect(await closed).toBe("end");
  expect(received()).toBe(1000);
});

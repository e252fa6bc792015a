import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { systemLoad } from "../../../../src/io/os/system-load.ts";

const files = () => systemLoad().process.openFiles;

test("The number of open files includes files that are open", () => {
  const before = files();
  const opened = Array.from({ length: 20 }, () => openSync("/dev/null", "r"));
  expect(files() - before).toBe(20);
  for (const each of opened) closeSync(each);
  expect(files()).toBe(before);
});

test("A connection is seen among the machine's sockets, and its bytes on the loopback are not the internet's", async () => {
  const before = systemLoad().system;
  const block = new Uint8Array(1 << 20);
  let received = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(_, bytes) {
        received += bytes.length;
        if (received === block.length) resolve();
      },
    },
  });
  let rest = block;
  const client = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: { data() {}, drain: write },
  });
  function write(socket: { write(bytes: Uint8Array): number }): void {
    rest = rest.subarray(socket.write(rest));
  }
  write(client);
  await promise;
  const { sockets, innerReceived, netReceived } = systemLoad().system;
  client.end();
  server.stop(true);
  expect(sockets.established).toBeGreaterThanOrEqual(2);
  expect(sockets.tcp).toBeGreaterThanOrEqual(2);
  expect(innerReceived - before.innerReceived).toBeGreaterThanOrEqual(block.length);
  expect(netReceived - before.netReceived).toBeLessThan(block.length);
});
